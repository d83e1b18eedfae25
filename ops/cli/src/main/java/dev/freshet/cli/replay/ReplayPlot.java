package dev.freshet.cli.replay;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** NDCG over the events of a replay, a line of every contender and an upright one of every release, as SVG. */
final class ReplayPlot {

    private ReplayPlot() {}

    static void write(ReplayResult result, Path file) throws IOException {
        // There need not be a screen.
        System.setProperty("java.awt.headless", "true");
        XYChart chart = new XYChartBuilder()
                .width(1000)
                .height(560)
                .title(result.data() + ": " + Metric.NDCG.label() + " of the next item; releases upright")
                .xAxisTitle("events")
                .yAxisTitle(Metric.NDCG.label())
                .build();
        chart.getStyler()
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
            double[] ndcg = windows.stream()
                    .mapToDouble(window -> window.tallies().get(contender).mean(Metric.NDCG))
                    .toArray();
            chart.addSeries(contender.label(), events, ndcg).setMarker(SeriesMarkers.NONE);
        }
        for (ReplayResult.Release release : result.releases()) {
            chart.addAnnotation(new AnnotationLine(release.at(), true, false));
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
        }
    }
}
