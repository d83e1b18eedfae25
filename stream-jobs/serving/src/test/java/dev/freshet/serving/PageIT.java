package dev.freshet.serving;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.freshet.serving.LoopFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Control;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.serving.http.BearerToken;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.serving.score.Scoring;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The page in a real browser, against a real loop. */
class PageIT {

    private static final String INLINE =
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/%3E";
    private static final String UNKNOWN_USER = "nobody";
    private static final int ITEMS = 40;
    private static final int EVENTS = 49;

    /** Every tab, and what is there once it shows something. */
    private static final String[][] TABS = {
        {"overview", ".chart[data-drawn]"},
        {"users/user-5", ".people-like a"},
        {"items/i3", "#doubtful"},
        {"models", "#releases td"},
        {"graph/item-jaccard/i3", ".around-list a"},
        {"quality", "#letter-reason"},
    };

    private static final Interaction LATE = LoopFixture.interaction("late-user", "i2", "click", 7000);

    @TempDir
    private static Path folder;

    private static TestKafka kafka;
    private static LoopFixture loop;
    private static Serving serving;
    private static PageBrowser browser;

    /** Port of a server that asks for a token, and so refuses what comes without. */
    private int asking = -1;

    private Page page;

    @BeforeAll
    static void start() throws Exception {
        PageBrowser.assumeInstalled();
        kafka = TestKafka.shared();
        loop = new LoopFixture(kafka);
        loop.reset(2);
        Path photos = Files.createDirectory(folder.resolve("photos"));
        serving = new Serving(new Serving.Settings(
                kafka.bootstrapServers(),
                WireFormat.SINGLE_OBJECT,
                folder.resolve("state"),
                HttpApi.Settings.onLoopback(0, photos),
                20,
                Scoring.DEFAULT,
                2000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                Set.of()));
        feed(photos);
        await("ready", serving::ready);
        // Users that were scored before the model was there are scored again.
        await("scored", () -> kafka.drain(Topic.RECOMMENDATIONS).size() >= EVENTS);
        browser = new PageBrowser();
    }

    private static void feed(Path photos) throws IOException {
        Random random = new Random(4);
        for (int item = 0; item < ITEMS; item++) {
            // A picture, none, one that is not there, one that the record itself carries.
            String picture =
                    switch (item % 4) {
                        case 0 -> "/photos/" + item + ".png";
                        case 1 -> null;
                        case 2 -> "/photos/gone.png";
                        default -> INLINE;
                    };
            if (item % 4 == 0) {
                draw(photos.resolve(item + ".png"), random);
            }
            loop.item("i" + item, "Thing number " + item, picture);
        }
        loop.item("i<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "javascript:alert(1)");
        for (int user = 0; user < 12; user++) {
            for (int event = 0; event < 4; event++) {
                loop.interact("user-" + user, "i" + random.nextInt(ITEMS), "click", 100 * user + event);
            }
        }
        loop.interact("user-11", "i<img src=x onerror=alert(1)>", "<b>bold</b>", 1190);
        neighbors(GraphNames.ITEM_JACCARD, "i3", "i4", "i5", "i6");
        neighbors(GraphNames.ITEM_JACCARD, "i4", "i3", "i7");
        neighbors(GraphNames.itemContent("text"), "i3", "i4", "i5", "i7");
        neighbors(GraphNames.itemContent("image"), "i3", "i20", "i21", "i22");
        neighbors(GraphNames.itemDenoised("image"), "i3", "i5");
        neighbors(GraphNames.USER_JACCARD, "user-5", "user-6");
        kafka.send(
                Topic.NEIGHBORS,
                Keys.neighbors(GraphNames.ITEM_COOCCURRENCE, "i3"),
                new NeighborList(
                        GraphNames.ITEM_COOCCURRENCE,
                        "i3",
                        List.of(new Neighbor("i4", 1250.0), new Neighbor("i9", 2.0)),
                        4,
                        2L));
        letter("no Avro: it begins with 7b", "{\"user\":\"u\"}".getBytes(StandardCharsets.UTF_8));
        letter("unknown schema 0123456789abcdef", Topic.INTERACTIONS.codec().encode(LATE));
        loop.release(
                "20270101T000000Z-spumr",
                ModelFixture.vectors("user-", 12, 8, random),
                ModelFixture.vectors("i", ITEMS, 8, random),
                release -> release.setModel("spumr"));
    }

    private static void neighbors(String graph, String node, String... neighbors) {
        List<Neighbor> list = new ArrayList<>();
        for (String neighbor : neighbors) {
            list.add(new Neighbor(neighbor, 0.5 / (1 + list.size())));
        }
        kafka.send(Topic.NEIGHBORS, Keys.neighbors(graph, node), new NeighborList(graph, node, list, 4, 2L));
    }

    private static void letter(String reason, byte[] value) {
        kafka.send(
                Topic.DEAD_LETTERS,
                Topic.INTERACTIONS.name(),
                DeadLetter.newBuilder()
                        .setTopic(Topic.INTERACTIONS.name())
                        .setPartition(0)
                        .setOffset(1)
                        .setKey(ByteBuffer.wrap("late-user".getBytes(StandardCharsets.UTF_8)))
                        .setValue(ByteBuffer.wrap(value))
                        .setTimestamp(Instant.now())
                        .setReason(reason)
                        .setJob("graph-job test")
                        .setRefusedAt(Instant.now())
                        .build());
    }

    private static void draw(Path file, Random random) throws IOException {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        int color = Color.getHSBColor(random.nextFloat(), 0.5f, 0.9f).getRGB();
        for (int x = 0; x < 64; x++) {
            for (int y = 0; y < 64; y++) {
                image.setRGB(x, y, x > 12 && x < 52 && y > 12 && y < 52 ? color : Color.WHITE.getRGB());
            }
        }
        ImageIO.write(image, "png", file.toFile());
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
        open(1360, 900, ColorScheme.LIGHT);
    }

    private void open(int width, int height, ColorScheme colors) {
        page = browser.open(
                width,
                height,
                colors,
                address -> address.matches("(blob:)?http://127.0.0.1:(" + serving.port() + "|" + asking + ")/.*"),
                // What is not there is part of the tests, and the browser reports each 404, sooner or later.
                message -> message.location().contains("/photos/gone.png")
                        || message.location().contains("/" + UNKNOWN_USER)
                        || message.location().contains(":" + asking + "/"));
        page.navigate("http://127.0.0.1:" + serving.port() + "/");
    }

    @AfterEach
    void complaints() {
        browser.assertNoComplaints();
    }

    private void go(String address) {
        page.navigate("http://127.0.0.1:" + serving.port() + "/#/" + address);
    }

    @Test
    void showsTheLoopAlive() throws Exception {
        // Other tests send events too.
        long events = kafka.drain(Topic.INTERACTIONS).size();
        assertThat(page.locator("#connection-text")).hasText("live");
        assertThat(page.locator("#stage-events")).containsText(events + " since the start");
        assertThat(page.locator("#stage-events")).containsText("users, " + (ITEMS + 1) + " items");
        assertThat(page.locator("#stage-graph")).containsText("in 6 live graphs");
        assertThat(page.locator("#stage-release .figure")).hasText("spumr");
        assertThat(page.locator("#alerts")).containsText("refused within the last ten minutes");
        assertThat(page.locator("main table tbody tr")).hasCount(6);
        assertThat(page.locator(".chart[data-drawn]")).hasCount(2);

        loop.interact("user-3", "i1", "click", 5000);
        kafka.send(
                Topic.EVALUATIONS,
                "run",
                evaluation("run", EvaluationKind.EPOCH)
                        .setEpoch(30)
                        .setEpochs(40)
                        .setMetrics(Map.of("loss", 0.25))
                        .build());

        assertThat(page.locator("#stage-events")).containsText(events + 1 + " since the start");
        assertThat(page.locator("#freshness strong").first()).not().hasText("–");
        assertThat(page.locator("#stage-trainer")).containsText("30 / 40");
        assertThat(page.locator("#stage-trainer [role=progressbar]")).hasAttribute("aria-valuenow", "30");
    }

    private static Evaluation.Builder evaluation(String run, EvaluationKind kind) {
        return Evaluation.newBuilder()
                .setRunId(run)
                .setKind(kind)
                .setModel("spumr")
                .setAt(Instant.now());
    }

    @Test
    void showsWhatAUserDidAndGets() {
        go("users");
        page.locator("#search").fill("user-1");
        assertThat(page.locator("#found a")).hasCount(3);
        page.locator("#search").fill("user-5");
        assertThat(page.locator("#found a")).hasCount(1);
        page.locator("#found a").first().click();

        Locator recommended = page.locator("#recommendations-panel .tile");
        assertThat(page.locator("#person h2").first()).hasText("User user-5");
        assertThat(recommended).hasCount(20);
        assertThat(recommended.first()).containsText("Thing number");
        assertThat(page.locator("#recommendations-panel")).containsText("-spumr");
        page.waitForFunction("() => [...document.querySelectorAll('#recommendations-panel img')]"
                + ".some(image => image.complete && image.naturalWidth === 64)");
        page.waitForFunction("() => [...document.querySelectorAll('#recommendations-panel img')]"
                + ".some(image => image.src.startsWith('data:image/') && image.complete && image.naturalWidth > 0)");
        // Where there is no picture, or it does not load, one is drawn.
        page.waitForFunction("() => document.querySelectorAll('#recommendations-panel .picture svg').length > 0"
                + " && !document.querySelector('#recommendations-panel img[src=\"/photos/gone.png\"][complete]')");
        // Others whose vectors are near.
        assertThat(page.locator(".people-like a").first()).containsText("user-");
        page.locator("#user-graph").selectOption("user-jaccard");
        assertThat(page.locator(".people-like a")).hasCount(1);
        assertThat(page.locator(".people-like")).containsText("user-6");

        // What the user takes from the list elsewhere leaves it, without a reload.
        String first = recommended.first().locator(".tile-title").innerText();
        String id = "i" + first.replaceAll("\\D+", "");
        loop.interact("user-5", id, "purchase", 6000);
        assertThat(page.locator("#recommendations-panel li[data-item='" + id + "']"))
                .hasCount(0);
        assertThat(page.locator(".history .caption").first()).hasText("purchase");

        recommended.first().locator("a").click();
        assertThat(page.locator("#item h2").first()).containsText("Thing number");
    }

    @Test
    void aClickChangesTheList() {
        go("users/user-7");
        Locator list = page.locator("#recommendations-panel li[data-item]");
        assertThat(list).hasCount(20);
        String item = list.nth(2).getAttribute("data-item");
        int history = page.locator(".history li").count();

        page.locator("#action").selectOption("like");
        list.nth(2).locator("button").click();

        assertThat(page.locator("#recommendations-panel li[data-item='" + item + "']"))
                .hasCount(0);
        assertThat(page.locator("#recommendations-panel .moved").first()).isVisible();
        assertThat(page.locator(".toast")).containsText("on the topic after");
        assertThat(page.locator(".history .caption").first()).hasText("like");
        Interaction sent = kafka.drain(Topic.INTERACTIONS).stream()
                .filter(record -> record.value().getUser().equals("user-7")
                        && record.value().getItem().equals(item))
                .reduce((before, last) -> last)
                .orElseThrow()
                .value();
        assertThat(sent.getAction()).isEqualTo("like");
        assertThat(sent.getWeight()).isEqualTo(1);

        // And back.
        page.locator(".history li").first().hover();
        page.locator(".history .take-back").first().click();
        assertThat(page.locator(".history li")).hasCount(history);
        assertThat(page.locator(".history .caption").first()).not().hasText("like");
    }

    @Test
    void showsTheNeighborsOfAnItemSideBySide() {
        go("items/i3");
        assertThat(page.locator("#item-title")).hasText("Thing number 3");
        assertThat(page.locator(".side[data-graph=item-jaccard] .item-row-title"))
                .hasText(new String[] {"Thing number 4", "Thing number 5", "Thing number 6"});
        assertThat(page.locator(".side[data-graph=item-content-image] .item-row"))
                .hasCount(3);
        assertThat(page.locator(".side[data-graph=item-content-text] .together"))
                .hasCount(3);
        assertThat(page.locator(".side[data-graph=embedding] .item-row")).hasCount(8);
        // Counts, not similarities.
        assertThat(page.locator(".side[data-graph=item-cooccurrence] .item-row"))
                .hasText(
                        new Pattern[] {Pattern.compile("Thing number 4.*1,250"), Pattern.compile("Thing number 9.*2")});
        // Nobody has the picture's neighbors together with it: the picture lies.
        assertThat(page.locator("#doubtful")).containsText("The image may mislead");
        assertThat(page.locator("#item .stamp")).isVisible();
        assertThat(page.locator(".model-evidence .evidence-row")).hasText(new Pattern[] {
            Pattern.compile("image.*75 %"), Pattern.compile("text.*25 %"), Pattern.compile("uncertainty.*25 %")
        });

        page.locator("#search").fill("number 12");
        assertThat(page.locator("#found a")).hasCount(1);
        page.locator("#search").fill("i9");
        assertThat(page.locator("#found a")).containsText(new String[] {"Thing number 9"});
        page.locator("#found a").first().click();
        assertThat(page.locator("#item-title")).hasText("Thing number 9");
        assertThat(page.locator("#doubtful")).hasCount(0);
    }

    @Test
    void showsDecisionsAndRollsBack() throws Exception {
        ModelRelease earlier = kafka.drain(Topic.MODELS).get(0).value();
        loop.release(
                "20270102T000000Z-spumr",
                Map.of(),
                ModelFixture.vectors("i", ITEMS, 8, new Random(5)),
                release -> release.setModel("spumr"));
        kafka.send(
                Topic.EVALUATIONS,
                "refused-run",
                evaluation("refused-run", EvaluationKind.OFFLINE)
                        .setVersion("refused-run")
                        .build());
        kafka.send(
                Topic.EVALUATIONS,
                "refused-run",
                evaluation("refused-run", EvaluationKind.GATE)
                        .setVersion("refused-run")
                        .setAccepted(false)
                        .setMetrics(Map.of("recall@20", 0.01))
                        .setReason("recall@20 0.0100 is below the 0.0200 of the most popular items")
                        .build());
        for (String fusion : List.of("gate", "mean")) {
            kafka.send(
                    Topic.EVALUATIONS,
                    "evaluated-" + fusion,
                    evaluation("evaluated-" + fusion, EvaluationKind.OFFLINE)
                            .setMetrics(Map.of(
                                    "recall@20", fusion.equals("gate") ? .0971 : .0912, "published.recall@20", .1073))
                            .setConfiguration(Map.of("data", "amazon-baby", "preset", "paper", "fusion", fusion))
                            .build());
        }
        go("models");
        assertThat(page.locator("#results tbody tr")).hasCount(2);
        assertThat(page.locator("#results tbody tr").first()).containsText("fusion=gate");
        assertThat(page.locator("#results tbody tr").first()).containsText("0.90");
        assertThat(page.locator("#arms tbody tr")).hasCount(1);
        assertThat(page.locator("#arms")).containsText("all");
        assertThat(page.locator("#experiment .chart[data-drawn]")).hasCount(3);
        Locator releases = page.locator("#releases tbody tr");
        assertThat(releases.first()).containsText("20270102T000000Z-spumr");
        assertThat(releases.first()).containsText("in force");
        assertThat(page.locator("#decisions")).containsText("below the 0.0200 of the most popular items");
        assertThat(page.locator(".chart[data-drawn]").first()).isVisible();

        // Asked, and left.
        Locator button = page.getByRole(
                AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Roll back to " + earlier.getVersion()));
        button.click();
        assertThat(page.locator("#confirm")).containsText("Back to " + earlier.getVersion());
        page.keyboard().press("Escape");
        assertThat(page.locator("#confirm")).isHidden();
        assertThat(kafka.drain(Topic.CONTROL)).isEmpty();

        button.click();
        page.locator("#confirm .primary").click();
        Received<Control> command = kafka.awaitRecord(Topic.CONTROL, any -> true, LoopFixture.PATIENCE);
        assertThat(command.key()).isEqualTo("ROLLBACK");
        assertThat(command.value().getArguments()).isEqualTo(Map.of("version", earlier.getVersion()));
        // What the trainer does.
        loop.rollback(earlier);
        String run = "control-" + command.offset();
        kafka.send(
                Topic.EVALUATIONS,
                run,
                evaluation(run, EvaluationKind.GATE)
                        .setVersion(earlier.getVersion())
                        .setAccepted(true)
                        .setReason("in force instead of 20270102T000000Z-spumr")
                        .build());

        assertThat(page.locator(".toast.good")).containsText("is put in force");
        assertThat(releases.first()).containsText("back to " + earlier.getVersion());
        assertThat(releases.last()).containsText("in force");
        go("overview");
        assertThat(page.locator("#alerts")).containsText("held after a rollback");
        assertThat(page.locator("#alerts"))
                .containsText("the gate has refused the newest model of spumr: recall@20 0.0100");
    }

    @Test
    void showsAGraphAndWalksThroughIt() {
        go("graph/item-jaccard/i3");
        assertThat(page.locator("#around-note")).containsText("5 nodes within 2 steps of Thing number 3");
        assertThat(page.locator(".chart[data-drawn]")).hasCount(4);
        page.locator(".around-list a").first().click();
        assertThat(page.locator("#node")).hasValue("i4");
        page.locator("#graph").selectOption("user-jaccard");
        assertThat(page.locator("#around-note")).containsText("within 2 steps of user-");
        page.locator("#node").fill("user-5");
        page.keyboard().press("Enter");
        assertThat(page.locator("#around-note")).containsText("2 nodes within 2 steps of user-5");
    }

    @Test
    void zoomsIntoAGraph() {
        go("graph/item-jaccard/i3");
        Locator around = page.locator(".around .chart[data-drawn]");
        around.scrollIntoViewIfNeeded();
        double before = zoom();
        around.hover();
        page.mouse().wheel(0, -400);
        double near = zoom();
        assertThat(near).isGreaterThan(before);
        page.mouse().wheel(0, 400);
        assertThat(zoom()).isLessThan(near);
    }

    private double zoom() {
        return ((Number) page.evaluate("async () => {"
                        + " const echarts = await import('/vendor/echarts.esm.min.js');"
                        + " await new Promise(requestAnimationFrame);"
                        + " const chart = echarts.getInstanceByDom(document.querySelector('.around .chart'));"
                        + " return chart.getOption().series[0].zoom; }"))
                .doubleValue();
    }

    @Test
    void replaysADeadLetterOnceItCanBeUsed() {
        go("quality");
        assertThat(page.locator("#letters a")).hasCount(2);
        assertThat(page.locator("#tabs .badge")).hasText("2");

        page.locator("#letters a", new Page.LocatorOptions().setHasText("no Avro"))
                .click();
        assertThat(page.locator("#letter-reason")).hasText("no Avro: it begins with 7b");
        assertThat(page.locator(".hex").first()).containsText("7b 22 75 73 65 72 22 3a");
        assertThat(page.locator(".hex").first()).containsText("{\"user\":");
        assertThat(page.locator("#replay")).isDisabled();
        assertThat(page.locator("#replay-note")).containsText("Not to be sent as things are");

        page.locator("#letters a", new Page.LocatorOptions().setHasText("unknown schema"))
                .click();
        assertThat(page.locator(".decoded")).containsText("\"late-user\"");
        assertThat(page.locator("#replay-note")).hasText("By today's rules it can be used.");
        page.locator("#replay").click();
        page.locator("#confirm .primary").click();
        assertThat(page.locator("#replay-answer")).containsText("Sent: interactions, partition ");

        Received<Interaction> again = kafka.awaitRecord(
                Topic.INTERACTIONS,
                record -> record.value() != null && record.value().getUser().equals("late-user"),
                LoopFixture.PATIENCE);
        assertThat(again.value()).isEqualTo(LATE);
        assertThat(again.key()).isEqualTo("late-user");
        go("users/late-user");
        assertThat(page.locator("#person h2").first()).hasText("User late-user");
        assertThat(page.locator(".history li")).hasCount(1);
    }

    @Test
    void showsTheReferenceOfTheApi() {
        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("HTTP API"))
                .click();
        assertThat(page.locator(".opblock").nth(20)).isVisible();
        Locator status = page.locator("#operations-State-get_v1_status");
        status.locator(".opblock-summary-control").click();
        status.getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Try it out"))
                .click();
        status.locator(".execute").click();
        assertThat(status.locator(".live-responses-table tbody .response-col_status")
                        .first())
                .containsText("200");
    }

    /** A server without a broker has nothing to show, but it asks for its token, and shows its pictures to who has it. */
    @Test
    void asksForTheTokenAndKeepsIt() throws Exception {
        String token = "0123456789abcdef0123456789abcdef";
        Path file = Files.writeString(folder.resolve("token"), token);
        try (Serving guarded = new Serving(new Serving.Settings(
                "127.0.0.1:9",
                WireFormat.SINGLE_OBJECT,
                folder.resolve("guarded"),
                new HttpApi.Settings("127.0.0.1", 0, folder.resolve("photos"), true, BearerToken.read(file), null, 0),
                20,
                Scoring.DEFAULT,
                2000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                Set.of()))) {
            // What still loads would complain that nobody waits for it any more.
            assertThat(page.locator(".chart[data-drawn]")).hasCount(2);
            asking = guarded.port();
            page.navigate("http://127.0.0.1:" + asking + "/#/users");
            assertThat(page.locator("#token")).containsText("This server asks for a token");
            PageBrowser.assertAccessible(page, "token");
            page.locator("#token-field").fill("wrong");
            page.keyboard().press("Enter");
            assertThat(page.locator("#token")).containsText("That was not it");
            page.locator("#token-field").fill(token);
            page.keyboard().press("Enter");
            assertThat(page.locator("#token")).isHidden();
            assertThat(page.locator("#connection-text")).hasText("starting");
            page.reload();
            assertThat(page.locator("#connection-text")).hasText("starting");
            page.evaluate("() => import('/dom.js').then((dom) =>"
                    + " document.body.append(dom.picture({ item: 'i0', imageUrl: '/photos/0.png' })))");
            page.waitForFunction("() => document.querySelector('body > .picture img').naturalWidth === 64");
        }
    }

    @Test
    void showsHostileTextAsText() {
        go("users/user-11");
        assertThat(page.locator("#person h2").first()).hasText("User user-11");
        assertThat(page.locator(".history .caption").first()).hasText("<b>bold</b>");
        page.locator(".history .tile-link").first().click();

        assertThat(page.locator("#item-title")).hasText("<script>alert(1)</script>");
        assertThat(page.locator("#item .item-head img")).hasCount(0);
        go("graph/item-jaccard/" + "i%3Cimg%20src=x%20onerror=alert(1)%3E");
        assertThat(page.locator("#around-note")).containsText("<script>alert(1)</script>");
    }

    @Test
    void anUnknownUserIsSaid() {
        go("users/" + UNKNOWN_USER);

        assertThat(page.locator("#person")).containsText("no user " + UNKNOWN_USER + " is known");
    }

    @Test
    void worksByKeyboard() {
        assertThat(page.locator("#connection-text")).hasText("live");
        page.keyboard().press("Tab");
        assertThat(page.locator("#skip")).isFocused();
        page.keyboard().press("Enter");
        assertThat(page.locator("#main")).isFocused();
        page.locator(".brand").focus();
        page.keyboard().press("Tab");
        page.keyboard().press("Tab");
        assertThat(page.locator("#tabs a").nth(1)).isFocused();
        page.keyboard().press("Enter");
        assertThat(page.locator("#tabs a").nth(1)).hasAttribute("aria-current", "page");

        go("users/user-8");
        Locator send = page.locator("#recommendations-panel li[data-item] button");
        assertThat(send).hasCount(20);
        String item =
                page.locator("#recommendations-panel li[data-item]").nth(4).getAttribute("data-item");
        send.nth(4).focus();
        page.keyboard().press("Enter");
        assertThat(page.locator("#recommendations-panel li[data-item='" + item + "']"))
                .hasCount(0);
    }

    @ParameterizedTest
    @CsvSource({"1360, LIGHT", "1360, DARK", "390, LIGHT", "390, DARK"})
    void isAccessible(int width, ColorScheme colors) {
        open(width, 900, colors);
        for (String[] tab : TABS) {
            go(tab[0]);
            assertThat(page.locator(tab[1]).first()).isVisible();
            PageBrowser.assertAccessible(page, tab[0]);
        }
        page.locator("#letters a", new Page.LocatorOptions().setHasText("unknown schema"))
                .click();
        page.locator("#replay").click();
        assertThat(page.locator("#confirm")).isVisible();
        PageBrowser.assertAccessible(page, "confirm");
    }

    @ParameterizedTest
    @ValueSource(ints = {1360, 390})
    void theReferenceOfTheApiIsAccessible(int width) {
        open(width, 900, ColorScheme.LIGHT);
        page.navigate("http://127.0.0.1:" + serving.port() + "/api.html");
        assertThat(page.locator(".opblock").nth(20)).isVisible();
        PageBrowser.assertAccessible(page, "the routes");
        String route = "#operations-State-get_v1_status";
        Locator status = page.locator(route);
        status.locator(".opblock-summary-control").click();
        assertThat(status.locator(".responses-table").first()).isVisible();
        PageBrowser.assertAccessible(page, "a route", route);
    }

    @Test
    void fitsAPhoneInTheDark() {
        open(390, 844, ColorScheme.DARK);
        assertThat(page.locator("body")).hasCSS("background-color", Pattern.compile("rgb\\(13, 20, 23\\)"));
        for (String[] tab : TABS) {
            go(tab[0]);
            assertThat(page.locator(tab[1]).first()).isVisible();
            assertThat((Integer) page.evaluate("() => document.documentElement.scrollWidth"))
                    .as(tab[0])
                    .isLessThanOrEqualTo(390);
            assertThat(page.locator("#tabs a").last()).isInViewport();
        }
    }
}
