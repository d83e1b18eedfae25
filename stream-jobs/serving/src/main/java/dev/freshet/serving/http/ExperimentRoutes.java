package dev.freshet.serving.http;

import dev.freshet.serving.experiment.Estimate;
import dev.freshet.serving.experiment.Measure;
import dev.freshet.serving.experiment.Tally;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.topic.Split;
import io.javalin.http.Context;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/** The A/B split: how well the lists of each arm foretell what its users take, and how far the arms are apart. */
final class ExperimentRoutes {

    private final ServingContext serving;

    ExperimentRoutes(ServingContext serving) {
        this.serving = serving;
    }

    void register(Routes.Section routes) {
        routes.get("/v1/experiments", "How well the lists of each arm foretell what its users take")
                .answers(Answers.ExperimentView.class)
                .changing()
                .by(this::experiment);
    }

    private void experiment(Context ctx) {
        Split split = serving.split();
        List<Split.Arm> arms = split.arms();
        List<Tally> tallies =
                IntStream.range(0, arms.size()).mapToObj(serving::tally).toList();
        int control = split.control();
        ctx.json(new Answers.ExperimentView(
                split.toString(),
                arms.get(control).name(),
                IntStream.range(0, arms.size())
                        .mapToObj(arm -> arm(arm, arms.get(arm), tallies.get(arm)))
                        .toList(),
                IntStream.range(0, arms.size())
                        .filter(arm -> arm != control)
                        .mapToObj(arm -> new Answers.DifferenceView(
                                arms.get(arm).name(), arms.get(control).name(), measures(measure -> tallies.get(arm)
                                        .difference(tallies.get(control), measure))))
                        .toList()));
    }

    private Answers.ArmResult arm(int at, Split.Arm arm, Tally tally) {
        Model inForce = serving.inForce(at);
        return new Answers.ArmResult(
                arm.name(),
                arm.share(),
                inForce == null ? null : inForce.version(),
                serving.users().size(at),
                tally.users(),
                tally.events(),
                serving.metrics().unmeasuredOf(at),
                StatusBoard.freshness(serving.metrics().freshness(at)),
                measures(tally::estimate));
    }

    private static Map<String, Estimate> measures(Function<Measure, Optional<Estimate>> of) {
        Map<String, Estimate> measures = new LinkedHashMap<>();
        for (Measure measure : Measure.values()) {
            of.apply(measure).ifPresent(estimate -> measures.put(measure.label(), estimate));
        }
        return measures;
    }
}
