package dev.freshet.serving;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.freshet.serving.LoopFixture.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
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

/** The page in a real browser, against a real loop. */
class PageIT {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final String INLINE =
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/%3E";
    private static final String UNKNOWN_USER = "nobody";
    private static final int ITEMS = 40;
    private static final int EVENTS = 49;

    @TempDir
    private static Path folder;

    private static TestKafka kafka;
    private static LoopFixture loop;
    private static Serving serving;
    private static Playwright playwright;
    private static Browser browser;

    private final List<String> complaints = new ArrayList<>();
    private BrowserContext context;
    private Page page;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(Files.isExecutable(CHROMIUM), () -> "no browser at " + CHROMIUM + ": apt-get install chromium");
        kafka = TestKafka.shared();
        loop = new LoopFixture(kafka);
        loop.reset(2);
        Path photos = Files.createDirectory(folder.resolve("photos"));
        serving = new Serving(new Serving.Settings(
                kafka.bootstrapServers(),
                folder.resolve("state"),
                "127.0.0.1",
                0,
                20,
                2000,
                1,
                Serving.Settings.COMMIT_INTERVAL,
                photos,
                Set.of(),
                true));
        feed(photos);
        await("ready", serving::ready);
        // Users that were scored before the model was there are scored again.
        await("scored", () -> kafka.drain(Topic.RECOMMENDATIONS).size() >= EVENTS);
        PlaywrightAssertions.setDefaultAssertionTimeout(30_000);
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(CHROMIUM)
                        .setArgs(List.of(
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync")));
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
        kafka.send(
                Topic.NEIGHBORS,
                Keys.neighbors(GraphNames.ITEM_JACCARD, "i3"),
                new NeighborList(
                        GraphNames.ITEM_JACCARD,
                        "i3",
                        List.of(new Neighbor("i4", 0.5), new Neighbor("i6", 0.25)),
                        4,
                        2L));
        loop.release(
                "20270101T000000Z-spumr",
                Map.of(),
                ModelFixture.vectors("i", ITEMS, 8, random),
                release -> release.setModel("spumr"));
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
        if (playwright != null) {
            playwright.close();
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
        if (context != null) {
            context.close();
        }
        context = browser.newContext(
                new Browser.NewContextOptions().setViewportSize(width, height).setColorScheme(colors));
        page = context.newPage();
        page.onConsoleMessage(message -> {
            // What is not there is part of the tests, and the browser reports each 404, sooner or later.
            boolean meant = message.location().contains("/photos/gone.png")
                    || message.location().contains("/" + UNKNOWN_USER);
            if (message.type().equals("error") && !meant) {
                complaints.add(message.text() + " at " + message.location());
            }
        });
        page.onPageError(error -> complaints.add(error));
        page.onRequest(request -> {
            if (!request.url().startsWith("http://127.0.0.1:" + serving.port() + "/")) {
                complaints.add("foreign request " + request.url());
            }
        });
        page.navigate("http://127.0.0.1:" + serving.port() + "/");
    }

    @AfterEach
    void complaints() {
        if (context != null) {
            context.close();
        }
        assertThat(complaints).isEmpty();
    }

    private void screenshot(String name) {
        page.screenshot(new Page.ScreenshotOptions()
                .setPath(Path.of("target", name + ".png"))
                .setFullPage(true));
    }

    @Test
    void showsTheLoopAlive() throws Exception {
        // Other tests send events too.
        long events = kafka.drain(Topic.INTERACTIONS).size();
        assertThat(page.locator("#connection-text")).hasText("live");
        assertThat(page.locator("#stage-events")).containsText(events + " since the start");
        assertThat(page.locator("#stage-events")).containsText("12 users, 41 items");
        assertThat(page.locator("#stage-graph")).containsText("item-jaccard: 1 nodes");
        assertThat(page.locator("#stage-release .figure")).hasText("spumr");
        assertThat(page.locator("#releases tbody tr")).hasCount(1);
        assertThat(page.locator("#releases")).containsText("in force");
        assertThat(page.locator("#releases")).containsText("0.1234");

        loop.interact("user-3", "i1", "click", 5000);
        kafka.send(
                Topic.EVALUATIONS,
                "run",
                Evaluation.newBuilder()
                        .setRunId("run")
                        .setKind(EvaluationKind.EPOCH)
                        .setModel("spumr")
                        .setAt(Instant.now())
                        .setEpoch(30)
                        .setEpochs(40)
                        .setMetrics(Map.of("loss", 0.25))
                        .build());

        assertThat(page.locator("#stage-events")).containsText(events + 1 + " since the start");
        assertThat(page.locator("#stage-trainer")).containsText("30 / 40");
        assertThat(page.locator("#stage-trainer [role=progressbar]")).hasAttribute("aria-valuenow", "30");
        screenshot("page");
    }

    @Test
    void showsWhatAUserDidAndGets() {
        page.locator("#search").fill("user-1");
        assertThat(page.locator("#user-list a")).hasCount(3);
        page.locator("#search").fill("user-5");
        assertThat(page.locator("#user-list a")).hasCount(1);
        page.locator("#user-list a").first().click();

        Locator recommended = page.locator("#recommendations-panel .tile");
        assertThat(page.locator("#person h2").first()).hasText("User user-5");
        assertThat(recommended).hasCount(20);
        assertThat(recommended.first()).containsText("Thing number");
        assertThat(page.locator("#recommendations-panel")).containsText("by 20270101T000000Z-spumr");
        page.waitForFunction("() => [...document.querySelectorAll('#recommendations-panel img')]"
                + ".some(image => image.complete && image.naturalWidth === 64)");
        page.waitForFunction("() => [...document.querySelectorAll('#recommendations-panel img')]"
                + ".some(image => image.src.startsWith('data:image/') && image.complete && image.naturalWidth > 0)");
        // Where there is no picture, or it does not load, one is drawn.
        page.waitForFunction("() => document.querySelectorAll('#recommendations-panel .picture svg').length > 0"
                + " && !document.querySelector('#recommendations-panel img[src=\"/photos/gone.png\"][complete]')");

        // What the user takes from the list leaves it, without a reload.
        String first = recommended.first().locator(".tile-title").innerText();
        String id = "i" + first.replaceAll("\\D+", "");
        loop.interact("user-5", id, "purchase", 6000);
        assertThat(page.locator("#recommendations-panel")).not().containsText(first + "\n");
        assertThat(page.locator(".history .caption").first()).hasText("purchase");

        recommended.first().click();
        assertThat(page.locator("#item-dialog")).isVisible();
        assertThat(page.locator("#item-dialog h2")).containsText("Thing number");
        page.keyboard().press("Escape");
        assertThat(page.locator("#item-dialog")).isHidden();
    }

    @Test
    void showsHostileTextAsText() {
        page.navigate("http://127.0.0.1:" + serving.port() + "/#user=user-11");
        assertThat(page.locator("#person h2").first()).hasText("User user-11");
        assertThat(page.locator(".history .caption").first()).hasText("<b>bold</b>");
        page.locator(".history .tile").first().click();

        assertThat(page.locator("#item-dialog h2")).hasText("<script>alert(1)</script>");
        assertThat(page.locator("#item-dialog .item-head img")).hasCount(0);
    }

    @Test
    void anUnknownUserIsSaid() {
        page.navigate("http://127.0.0.1:" + serving.port() + "/#user=" + UNKNOWN_USER);

        assertThat(page.locator("#person")).containsText("no user " + UNKNOWN_USER + " is known");
    }

    @Test
    void fitsAPhoneInTheDark() {
        open(390, 844, ColorScheme.DARK);
        assertThat(page.locator("#recommendations-panel .tile")).hasCount(20);
        assertThat(page.locator("#releases tbody tr")).hasCount(1);

        assertThat((Integer) page.evaluate("() => document.documentElement.scrollWidth"))
                .isLessThanOrEqualTo(390);
        assertThat(page.locator("body")).hasCSS("background-color", Pattern.compile("rgb\\(13, 20, 23\\)"));
        screenshot("page-phone");
    }
}
