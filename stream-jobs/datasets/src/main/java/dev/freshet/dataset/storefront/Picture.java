package dev.freshet.dataset.storefront;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Pictures of simulated items: the category gives shape and colour, the style turns, scales and shades it. */
final class Picture {

    private static final int COLOURS = 6;
    private static final int SHAPES = 4;

    private Picture() {}

    /** The picture as a {@code data:} URL of an SVG, 112 pixels square. */
    static String of(int category, double[] style) {
        int hue = Math.floorMod(360 * (category / SHAPES) / COLOURS + (int) (24 * style[0]), 360);
        int light = 52 + (int) (24 * style[1]);
        int turn = (int) (90 * style[2]);
        int size = 32 + (int) (16 * style[3]);
        String shape =
                switch (category % SHAPES) {
                    case 0 -> "<circle r='" + size + "'/>";
                    case 1 -> "<rect x='-" + size + "' y='-" + size * 2 / 3 + "' width='" + 2 * size + "' height='"
                            + size * 4 / 3 + "' rx='" + (6 + (int) (12 * style[4])) + "'/>";
                    case 2 -> "<path d='M0-" + size + "L" + size + " " + size * 3 / 4 + "L-" + size + " " + size * 3 / 4
                            + "Z'/>";
                    default -> "<path d='M0-" + size + "Q" + size / 6 + "-" + size / 6 + " " + size + " 0Q" + size / 6
                            + " " + size / 6 + " 0 " + size + "Q-" + size / 6 + " " + size / 6 + "-" + size + " 0Q-"
                            + size / 6 + "-" + size / 6 + " 0-" + size + "Z'/>";
                };
        String svg = String.format(
                Locale.ROOT,
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-56 -56 112 112'>"
                        + "<rect x='-56' y='-56' width='112' height='112' fill='hsl(%d 40%% 92%%)'/>"
                        + "<g transform='rotate(%d)' fill='hsl(%d 60%% %d%%)'>%s</g>"
                        + "<circle cx='%d' cy='%d' r='7' fill='hsl(%d 70%% 35%%)'/></svg>",
                hue,
                turn,
                hue,
                light,
                shape,
                (int) (40 * style[5]),
                (int) (40 * style[6]),
                Math.floorMod(hue + 60 + (int) (90 * style[7]), 360));
        return "data:image/svg+xml,"
                + URLEncoder.encode(svg, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
