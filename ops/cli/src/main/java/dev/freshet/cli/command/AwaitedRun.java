package dev.freshet.cli.command;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.topic.Keys;
import java.util.HashSet;
import java.util.Set;

/**
 * Tells the training that a command has asked for from what else there is on the topic evaluations: it is the first of its model that
 * begins after the command. A run under way then is let pass.
 */
final class AwaitedRun {

    private final String model;
    private final String answer;
    private final Set<String> passing = new HashSet<>();
    private String run;

    /**
     * @param model the model that is to be trained; null where any may be
     * @param command the command's offset
     */
    AwaitedRun(String model, long command) {
        this.model = model;
        this.answer = Keys.answer(command);
    }

    /** Whether an evaluation is of the run, or answers the command. They are to come in order. */
    boolean isOf(Evaluation evaluation) {
        String id = evaluation.getRunId();
        if (Keys.isAnswer(id)) {
            return id.equals(answer);
        }
        if (model != null && !model.equals(evaluation.getModel())) {
            return false;
        }
        // Every run begins with an epoch.
        boolean later = evaluation.getEpoch() > 1 || evaluation.getKind() == EvaluationKind.OFFLINE;
        if (run == null && later) {
            passing.add(id);
        }
        if (passing.contains(id)) {
            return false;
        }
        return switch (evaluation.getKind()) {
            case EPOCH -> {
                // Another is the same command's, after the trainer has started anew.
                run = id;
                yield true;
            }
            case GATE -> run == null || run.equals(id);
            case OFFLINE -> id.equals(run);
            case PREQUENTIAL -> false;
        };
    }

    /** The run, once it has begun; else null. */
    String run() {
        return run;
    }
}
