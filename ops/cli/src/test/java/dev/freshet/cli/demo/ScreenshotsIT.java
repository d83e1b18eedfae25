package dev.freshet.cli.demo;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Makes the pictures of docs/img: starts the demo on an empty state, waits for its first model, and plays three scenes in Chromium. Only when
 * asked, as docs/development.md says: a test run leaves the checkout as it is.
 */
@EnabledIfSystemProperty(named = "freshet.screenshots", matches = "true")
class ScreenshotsIT {

    private static final int MAX_BYTES = 300_000;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    /** Of the live stream before the first picture: charts with something on them. */
    private static final Duration LIVE = Duration.ofMinutes(1);

    private static final Path IMAGES = Installation.find().home().resolve(Path.of("docs", "img"));

    @TempDir
    private static Path folder;

    private static URI page;
    private static JavaProcess demo;
    private static Playwright playwright;
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Files.createDirectories(IMAGES);
        ClusterOptions free = ClusterOptions.in(folder.resolve("state")).withFreePorts();
        page = free.servingUri();
        demo = JavaProcess.start(
                Installation.find().jars("cli"),
                List.of("-D" + Installation.HOME_PROPERTY + "="
                        + Installation.find().home()),
                "dev.freshet.cli.Freshet",
                List.of(
                        "demo",
                        "--state",
                        free.state().toString(),
                        "--kafka-port",
                        "" + free.kafkaPort(),
                        "--controller-port",
                        "" + free.controllerPort(),
                        "--flink-port",
                        "" + free.flinkPort(),
                        "--http-port",
                        "" + free.httpPort()),
                folder.resolve("demo.log"));
        awaitModel();
        Thread.sleep(LIVE.toMillis());
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(Path.of("/usr/bin/chromium"))
                        .setArgs(List.of("--no-sandbox", "--disable-gpu")));
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (playwright != null) {
            playwright.close();
        }
        if (demo != null) {
            demo.stop(Duration.ofMinutes(1));
        }
    }

    private static JsonNode json(String path) throws IOException {
        return new ObjectMapper().readTree(page.resolve(path).toURL());
    }

    private static void awaitModel() throws Exception {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!hasModel()) {
            assertThat(demo.isAlive()).as(String.join("\n", demo.tail(20))).isTrue();
            assertThat(Instant.now())
                    .as("no model within " + PATIENCE.toMinutes() + " minutes")
                    .isBefore(deadline);
            Thread.sleep(500);
        }
    }

    private static boolean hasModel() {
        try {
            return !json("/v1/models").get("releases").isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    private interface Scene {
        void play(Page page) throws Exception;
    }

    private static void take(String name, String address, int height, ColorScheme colors, Scene scene)
            throws Exception {
        try (BrowserContext context = browser.newContext(
                new Browser.NewContextOptions().setViewportSize(1280, height).setColorScheme(colors))) {
            Page tab = context.newPage();
            tab.navigate(page + "/#/" + address);
            scene.play(tab);
            Path file = IMAGES.resolve(name + ".png");
            tab.screenshot(new Page.ScreenshotOptions().setPath(file));
            assertThat(file)
                    .satisfies(picture -> assertThat(Files.size(picture)).isLessThan(MAX_BYTES));
        }
    }

    @Test
    void overview() throws Exception {
        take("overview", "overview", 752, ColorScheme.LIGHT, tab -> {
            assertThat(tab.locator(".chart[data-drawn]")).hasCount(2);
            // Half a minute of the lines in the cards.
            tab.waitForTimeout(30_000);
        });
    }

    @Test
    void aClick() throws Exception {
        take("users", "users", 900, ColorScheme.LIGHT, tab -> {
            assertThat(tab.locator("#recommendations-panel li[data-item]")).hasCount(20);
            tab.locator("#recommendations-panel li[data-item] button").nth(3).click();
            assertThat(tab.locator(".toast")).containsText("on the topic after");
            assertThat(tab.locator("#recommendations-panel .moved").first()).isVisible();
            tab.waitForTimeout(700);
        });
    }

    @Test
    void aDoubtfulPicture() throws Exception {
        String doubtful = null;
        double least = 1;
        for (JsonNode item : json("/v1/popular?limit=200").get("items")) {
            String id = item.get("item").asText();
            for (JsonNode modality : json("/v1/items/" + id + "/graphs").get("modalities")) {
                double together = modality.get("together").asDouble();
                boolean picture = modality.get("modality").asText().equals("image");
                if (picture && modality.get("doubtful").asBoolean() && together < least) {
                    doubtful = id;
                    least = together;
                }
            }
        }
        assertThat(doubtful).as("an item with a doubtful picture").isNotNull();
        take("items", "items/" + doubtful, 1000, ColorScheme.DARK, tab -> {
            assertThat(tab.locator("#doubtful")).isVisible();
            assertThat(tab.locator(".side")).not().hasCount(0);
            tab.waitForTimeout(1000);
        });
    }
}
