package dev.freshet.cli.send;

import java.util.function.Consumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress bars on standard error: one line redrawn in a terminal, a line every five seconds in a file. */
public final class Bars {

    private static final int LINE_WIDTH = 120;

    private Bars() {}

    /**
     * A bar with rate and time left.
     *
     * @param max number of steps; -1 if unknown
     */
    public static ProgressBar open(String task, long max, String unit) {
        boolean terminal = System.console() != null;
        ProgressBarBuilder builder = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(max)
                .setUnit(" " + unit, 1)
                .setStyle(terminal ? ProgressBarStyle.COLORFUL_UNICODE_BLOCK : ProgressBarStyle.ASCII)
                .showSpeed()
                .setUpdateIntervalMillis(terminal ? 200 : 5_000);
        builder.setConsumer(
                terminal
                        ? new ConsoleProgressBarConsumer(System.err)
                        : new DelegatingProgressBarConsumer(new Lines(), LINE_WIDTH));
        return builder.build();
    }

    /** Prints what changed, a line each: in a file a redrawn line would be a mess. */
    private static final class Lines implements Consumer<String> {
        private String last;

        @Override
        public synchronized void accept(String line) {
            if (!line.equals(last)) {
                System.err.println(line);
                last = line;
            }
        }
    }
}
