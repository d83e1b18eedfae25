package dev.freshet.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.ConsoleMessage;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Chromium, with one page at a time, of which is kept what it complains of and what it asks of strangers. */
final class PageBrowser implements AutoCloseable {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

    private final List<String> complaints = new ArrayList<>();
    private final Playwright playwright;
    private final Browser browser;
    private BrowserContext context;

    PageBrowser() {
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

    /** Skips the test where there is no browser. */
    static void assumeInstalled() {
        assumeTrue(Files.isExecutable(CHROMIUM), () -> "no browser at " + CHROMIUM + ": apt-get install chromium");
    }

    /**
     * A new page, instead of the one before.
     *
     * @param own whether an address is one that the page may ask
     * @param meant whether an error on the console is part of the test
     */
    Page open(int width, int height, ColorScheme colors, Predicate<String> own, Predicate<ConsoleMessage> meant) {
        closePage();
        context = browser.newContext(
                new Browser.NewContextOptions().setViewportSize(width, height).setColorScheme(colors));
        Page page = context.newPage();
        page.onConsoleMessage(message -> {
            if (message.type().equals("error") && !meant.test(message)) {
                complaints.add(message.text() + " at " + message.location());
            }
        });
        page.onPageError(complaints::add);
        page.onRequest(request -> {
            if (!own.test(request.url())) {
                complaints.add("foreign request " + request.url());
            }
        });
        return page;
    }

    /** Closes the page, and expects that it had nothing to complain of. */
    void assertNoComplaints() {
        closePage();
        List<String> heard = List.copyOf(complaints);
        complaints.clear();
        assertThat(heard).isEmpty();
    }

    /** Expects that a page keeps the rules of WCAG 2.1 A and AA that a machine can check: names, labels, roles, contrast. */
    static void assertAccessible(Page page, String where) {
        assertAccessible(page, where, "html");
    }

    /** The same of a part of the page. */
    static void assertAccessible(Page page, String where, String selector) {
        // Contrast is of what stands still.
        page.waitForFunction("() => document.getAnimations().every(each => each.playState !== 'running'"
                + " || each.effect.getComputedTiming().iterations === Infinity)");
        List<String> violations = new AxeBuilder(page)
                        .include(selector)
                        .withTags(List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa"))
                        .analyze()
                        .getViolations()
                        .stream()
                        .flatMap(rule -> rule.getNodes().stream()
                                .map(node -> rule.getId() + " " + node.getHtml() + " " + node.getFailureSummary()))
                        .toList();
        assertThat(violations).as(where).isEmpty();
    }

    private void closePage() {
        if (context != null) {
            context.close();
            context = null;
        }
    }

    @Override
    public void close() {
        playwright.close();
    }
}
