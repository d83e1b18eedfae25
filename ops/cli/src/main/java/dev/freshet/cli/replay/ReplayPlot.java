package dev.freshet.cli.replay;

import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.svg.SVGProcessor;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Hit rate, NDCG and coverage over the events of a replay, a panel each, with a line of every contender and an upright one of every
 * release, as SVG.
 */
final class ReplayPlot {

    private static final int WIDTH = 1000;
    private static final int HEIGHT = 340;
    /** Of the last panel alone. */
    private static final int LEGEND = 60;

    /** What a panel shows of a window. */
    private record Panel(String label, ToDoubleBiFunction<Scoreboard.Window, Contender> value) {
        static Panel of(Metric metric) {
            return new Panel(
                    metric.label(),
                    (window, contender) -> window.tallies().get(contender).mean(metric));
        }
    }

    private static final List<Panel> PANELS = List.of(
            Panel.of(Metric.HIT_RATE),
            Panel.of(Metric.NDCG),
            new Panel("coverage", (window, contender) -> window.coverage().get(contender)));

    private ReplayPlot() {}

    static void write(ReplayResult result, Path file) throws IOException {
        // There need not be a screen.
        System.setProperty("java.awt.headless", "true");
        VectorGraphics2D graphics = new VectorGraphics2D();
        int y = 0;
        for (int place = 0; place < PANELS.size(); place++) {
            boolean last = place == PANELS.size() - 1;
            int height = HEIGHT + (last ? LEGEND : 0);
            XYChart chart = chart(result, PANELS.get(place), height, place == 0, last);
            graphics.translate(0, y);
            chart.paint(graphics, WIDTH, height);
            graphics.translate(0, -y);
            y += height;
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            new SVGProcessor()
                    .getDocument(graphics.getCommands(), new PageSize(WIDTH, y))
                    .writeTo(out);
        }
    }

    private static XYChart chart(ReplayResult result, Panel panel, int height, boolean first, boolean last) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(height)
                .title(first ? result.data() + ": the next item; releases upright" : "")
                .xAxisTitle(last ? "events" : "")
                .yAxisTitle(panel.label)
                .build();
        chart.getStyler()
                .setLegendVisible(last)
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal)
                .setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setAnnotationLineColor(Color.GRAY).setAnnotationLineStroke(new BasicStroke(1));
        chart.getStyler().setYAxisMin(0.0).setYAxisDecimalPattern("0.000").setXAxisDecimalPattern("#,###");
        List<Scoreboard.Window> windows = result.board().windows();
        double[] events = windows.stream()
                .mapToDouble(window -> (window.from() + window.to()) / 2.0)
                .toArray();
        for (Contender contender : Contender.values()) {
            double[] values = windows.stream()
                    .mapToDouble(window -> panel.value.applyAsDouble(window, contender))
                    .toArray();
            chart.addSeries(contender.label(), events, values).setMarker(SeriesMarkers.NONE);
        }
        for (ReplayResult.Release release : result.releases()) {
            chart.addAnnotation(new AnnotationLine(release.at(), true, false));
        }
        return chart;
    }
}
