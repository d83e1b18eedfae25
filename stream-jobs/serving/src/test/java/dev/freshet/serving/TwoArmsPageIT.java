package dev.freshet.serving;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.freshet.serving.LoopFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.score.ActionWeights;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.serving.score.Scoring;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page where two models share the users: what one has that PageIT has not. */
class TwoArmsPageIT {

    private static final Split SPLIT = Split.of("lightgcn=60,spumr=40", Split.SALT);
    private static final int USERS = 80;
    private static final int ITEMS = 60;

    /** So few that a look at the page comes in between. */
    private static final int RESCORE_RATE = 4;

    @TempDir
    private static Path folder;

    private static final Random RANDOM = new Random(8);
    private static TestKafka kafka;
    private static LoopFixture loop;
    private static Serving serving;
    private static PageBrowser browser;

    private Page page;

    @BeforeAll
    static void start() throws Exception {
        PageBrowser.assumeInstalled();
        kafka = TestKafka.shared();
        loop = new LoopFixture(kafka);
        loop.reset(2);
        for (int item = 0; item < ITEMS; item++) {
            loop.item("i" + item, "Thing number " + item, null);
        }
        ModelRelease one = release("20270101T000000Z-lightgcn", "lightgcn");
        ModelRelease other = release("20270102T000000Z-spumr", "spumr");
        serving = new Serving(new Serving.Settings(
                kafka.bootstrapServers(),
                WireFormat.SINGLE_OBJECT,
                folder.resolve("state"),
                HttpApi.Settings.onLoopback(0, null),
                20,
                new Scoring(ActionWeights.DEFAULT, ItemFilter.NONE, 0, SPLIT, Scoring.EXACT_ITEMS),
                RESCORE_RATE,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                Set.of()));
        await("ready", serving::ready);
        for (int user = 0; user < USERS; user++) {
            loop.interact("user-" + user, "i" + user % ITEMS, "click", user);
        }
        await("everyone has a list", () -> lists().size() == USERS);
        assertThat(lists().values().stream()
                        .map(Recommendations::getModelVersion)
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(one.getVersion(), other.getVersion());
        // The one arm's users take what is first on their lists, the other's what is not on them.
        lists().forEach((user, list) -> loop.interact(user, taken(user, list), "click", 1000));
        browser = new PageBrowser();
    }

    private static Map<String, Recommendations> lists() {
        return kafka.table(Topic.RECOMMENDATIONS);
    }

    private static String taken(String user, Recommendations list) {
        List<String> listed =
                list.getItems().stream().map(RecommendedItem::getItem).toList();
        if (SPLIT.arm(user) == 1) {
            return listed.get(0);
        }
        String had = "i" + Integer.parseInt(user.substring("user-".length())) % ITEMS;
        return IntStream.range(0, ITEMS)
                .mapToObj(item -> "i" + item)
                .filter(item -> !listed.contains(item) && !item.equals(had))
                .findFirst()
                .orElseThrow();
    }

    private static ModelRelease release(String version, String model) {
        return loop.release(
                version,
                ModelFixture.vectors("user-", USERS, 8, RANDOM),
                ModelFixture.vectors("i", ITEMS, 8, RANDOM),
                release -> release.setModel(model));
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
        if (serving != null) {
            serving.close();
        }
    }

    @BeforeEach
    void open() {
        open(1360);
    }

    private void open(int width) {
        page = browser.open(
                width,
                900,
                ColorScheme.LIGHT,
                address -> address.startsWith("http://127.0.0.1:" + serving.port() + "/"),
                message -> false);
    }

    @AfterEach
    void complaints() {
        browser.assertNoComplaints();
    }

    private void go(String address) {
        page.navigate("http://127.0.0.1:" + serving.port() + "/#/" + address);
    }

    @Test
    void tellsTheArmsApart() {
        go("models");
        Locator arms = page.locator("#arms tbody tr");
        assertThat(page.locator("#experiment")).containsText("users are split lightgcn=60,spumr=40");
        assertThat(arms).hasCount(2);
        assertThat(arms.first()).containsText("60 %, control");
        assertThat(arms.last()).containsText("spumr 40 %");
        // One hit each, and none; with an interval.
        assertThat(arms.first()).containsText(Pattern.compile("0\\.0000 ± 0\\.0000"));
        assertThat(arms.last()).containsText(Pattern.compile("1\\.0000 ± 0\\.0000"));
        assertThat(page.locator("#experiment .chart[data-drawn]")).hasCount(3);
        assertThat(page.locator("#differences li")).hasText(new Pattern[] {
            Pattern.compile("better.*Hit rate at 20: spumr − lightgcn = \\+1\\.0000.*95 % \\+1\\.0000 to \\+1\\.0000"),
            Pattern.compile("better.*MRR at 20: spumr − lightgcn = \\+1\\.0000.*"),
            Pattern.compile("better.*NDCG at 20: spumr − lightgcn = \\+1\\.0000.*")
        });
        // A line for each model.
        assertThat((List<?>) page.evaluate("async () => {"
                        + " const echarts = await import('/vendor/echarts.esm.min.js');"
                        + " const chart = echarts.getInstanceByDom(document.querySelector('.chart[data-drawn]'));"
                        + " return chart.getOption().series.map(series => series.name); }"))
                .asList()
                .contains("lightgcn Recall@20", "spumr NDCG@20");
        PageBrowser.assertAccessible(page, "models");
        open(390);
        go("models");
        assertThat(page.locator("#differences li")).hasCount(3);
        assertThat((Integer) page.evaluate("() => document.documentElement.scrollWidth"))
                .isLessThanOrEqualTo(390);
        PageBrowser.assertAccessible(page, "models on a phone");
    }

    @Test
    void showsAnItemInBothModels() {
        go("items/i3");
        assertThat(page.locator(".side[data-graph=embedding]")).hasCount(2);
        assertThat(page.locator("#item .facts")).containsText("Vector, arm spumr");
        assertThat(page.locator(".model-evidence h3")).containsText(new String[] {"arm lightgcn", "arm spumr"});
    }

    @Test
    void showsHowFarTheRescoringIs() {
        go("overview");
        Locator stage = page.locator("#stage-release");
        assertThat(stage.locator(".figure")).hasText("2 arms");
        assertThat(stage).containsText("lightgcn 60 %, spumr 40 %");
        long ofArm = IntStream.range(0, USERS)
                .filter(user -> SPLIT.arm("user-" + user) == 1)
                .count();
        release("20270103T000000Z-spumr", "spumr");

        Locator bar = stage.locator("[role=progressbar][aria-label='Re-scoring users']");
        assertThat(bar).isVisible();
        // Other tests may have brought in a user.
        String all = bar.getAttribute("aria-valuemax");
        org.assertj.core.api.Assertions.assertThat(Long.parseLong(all)).isBetween(ofArm, USERS - 1L);
        assertThat(stage).containsText("of " + all + " users");
        double first = done(bar);
        page.waitForCondition(() -> done(bar) > first);
        assertThat(bar).isHidden();
        assertThat(stage).containsText("lightgcn 60 %, spumr 40 %");
    }

    private static double done(Locator bar) {
        return Double.parseDouble(bar.getAttribute("aria-valuenow"));
    }

    @Test
    void showsAblationsSideBySide() {
        publish("tiktok", "spumr", .0900, Map.of());
        publish("amazon-baby", "spumr", .0956, Map.of("fusion", "gate"));
        publish("amazon-baby", "spumr", .0912, Map.of("fusion", "mean"));
        publish("amazon-baby", "lightgcn", .0754, Map.of());
        go("models");
        page.locator("#data-set").selectOption("amazon-baby");
        Locator rows = page.locator("#results tbody tr");
        // Best first, and only what tells results of a model apart.
        assertThat(rows).hasText(new Pattern[] {
            Pattern.compile("spumr.*best.*fusion=gate.*0\\.0956 ± 0\\.0006.*0\\.1073.*0\\.89.*3"),
            Pattern.compile("spumr.*best.*fusion=mean.*0\\.0912 ± 0\\.0006.*0\\.1073.*0\\.85.*3"),
            Pattern.compile("lightgcn.*best.*–.*0\\.0754 ± 0\\.0006.*0\\.1073.*0\\.70.*3")
        });
        assertThat(page.locator(".panel:has(#results) .chart[data-drawn]")).hasCount(1);
        page.locator("#data-set").selectOption("tiktok");
        assertThat(rows).hasCount(1);
        assertThat(rows).containsText("0.0900");
    }

    private static void publish(String data, String model, double recall, Map<String, String> settings) {
        Map<String, String> configuration = new HashMap<>(settings);
        configuration.putAll(Map.of("data", data, "preset", "best", "seeds", "3", "epochs", "80"));
        String run = data + '-' + model + settings;
        kafka.send(
                Topic.EVALUATIONS,
                run,
                Evaluation.newBuilder()
                        .setRunId(run)
                        .setKind(EvaluationKind.OFFLINE)
                        .setModel(model)
                        .setAt(Instant.now())
                        .setMetrics(Map.of("recall@20", recall, "recall@20.sd", .0006, "published.recall@20", .1073))
                        .setConfiguration(configuration)
                        .build());
    }
}
