package dev.freshet.serving;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Makes the pictures of docs/img from a running demo: {@code -Dfreshet.screenshots=http://127.0.0.1:18080 -Dit.test=ScreenshotsIT}. Never
 * by itself: a test run leaves the checkout as it is.
 */
@EnabledIfSystemProperty(named = "freshet.screenshots", matches = "http://.*")
class ScreenshotsIT {

    private static final int MAX_BYTES = 300_000;
    private static final URI LOOP = URI.create(System.getProperty("freshet.screenshots", "http://127.0.0.1"));
    private static final Path FOLDER = Path.of(System.getProperty("freshet.home", "."), "docs", "img");

    private static Playwright playwright;
    private static Browser browser;

    @BeforeAll
    static void start() throws IOException {
        Files.createDirectories(FOLDER);
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(Path.of("/usr/bin/chromium"))
                        .setArgs(List.of("--no-sandbox", "--disable-gpu")));
    }

    @AfterAll
    static void stop() {
        playwright.close();
    }

    private interface Scene {
        void play(Page page) throws Exception;
    }

    private static void take(String name, String address, int height, ColorScheme colors, Scene scene)
            throws Exception {
        try (BrowserContext context = browser.newContext(
                new Browser.NewContextOptions().setViewportSize(1280, height).setColorScheme(colors))) {
            Page page = context.newPage();
            page.navigate(LOOP + "/#/" + address);
            scene.play(page);
            Path file = FOLDER.resolve(name + ".png");
            page.screenshot(new Page.ScreenshotOptions().setPath(file));
            assertThat(file)
                    .satisfies(picture -> assertThat(Files.size(picture)).isLessThan(MAX_BYTES));
        }
    }

    @Test
    void overview() throws Exception {
        take("overview", "overview", 752, ColorScheme.LIGHT, page -> {
            assertThat(page.locator(".chart[data-drawn]")).hasCount(2);
            // Half a minute of the lines in the cards.
            page.waitForTimeout(30_000);
        });
    }

    @Test
    void aClick() throws Exception {
        take("users", "users", 900, ColorScheme.LIGHT, page -> {
            assertThat(page.locator("#recommendations-panel li[data-item]")).hasCount(20);
            page.locator("#recommendations-panel li[data-item] button").nth(3).click();
            assertThat(page.locator(".toast")).containsText("on the topic after");
            assertThat(page.locator("#recommendations-panel .moved").first()).isVisible();
            page.waitForTimeout(700);
        });
    }

    @Test
    void aDoubtfulPicture() throws Exception {
        Http http = new Http(LOOP.getPort());
        String doubtful = null;
        double least = 1;
        for (JsonNode item : http.json("/v1/popular?limit=200").get("items")) {
            String id = item.get("item").asText();
            for (JsonNode modality : http.json("/v1/items/" + id + "/graphs").get("modalities")) {
                double together = modality.get("together").asDouble();
                boolean picture = modality.get("modality").asText().equals("image");
                if (picture && modality.get("doubtful").asBoolean() && together < least) {
                    doubtful = id;
                    least = together;
                }
            }
        }
        assertThat(doubtful).as("an item with a doubtful picture").isNotNull();
        take("items", "items/" + doubtful, 1000, ColorScheme.DARK, page -> {
            assertThat(page.locator("#doubtful")).isVisible();
            assertThat(page.locator(".side")).not().hasCount(0);
            page.waitForTimeout(1000);
        });
    }
}
