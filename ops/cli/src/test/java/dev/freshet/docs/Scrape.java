package dev.freshet.docs;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a part shows to Prometheus: its families by name. */
public final class Scrape {

    private static final Pattern HELP = Pattern.compile("# HELP (\\S+) ?(.*)");
    private static final Pattern TYPE = Pattern.compile("# TYPE (\\S+) (\\S+)");
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][\\w:]*)(\\{(.*)})? \\S+.*");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"");

    /**
     * A family of metrics.
     *
     * @param type counter, gauge, summary or histogram
     * @param labels names of the labels that its samples have
     */
    public record Family(String type, String help, Set<String> labels) {}

    private final Map<String, Family> families;

    private Scrape(Map<String, Family> families) {
        this.families = families;
    }

    /** Asks a running part. */
    public static Scrape of(URI address) throws IOException, InterruptedException {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(address + " answers " + answer.statusCode());
        }
        return parse(answer.body());
    }

    static Scrape parse(String text) {
        Map<String, String> helps = new TreeMap<>();
        Map<String, Family> families = new TreeMap<>();
        for (String line : text.lines().toList()) {
            Matcher help = HELP.matcher(line);
            Matcher type = TYPE.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (help.matches()) {
                helps.put(help.group(1), help.group(2));
            } else if (type.matches()) {
                String name = type.group(1);
                families.put(name, new Family(type.group(2), helps.getOrDefault(name, ""), new TreeSet<>()));
            } else if (!line.startsWith("#") && sample.matches() && sample.group(3) != null) {
                String name = sample.group(1);
                Family family =
                        families.getOrDefault(name, families.get(name.replaceFirst("_(sum|count|bucket)$", "")));
                Matcher label = LABEL.matcher(sample.group(3));
                while (family != null && label.find()) {
                    family.labels().add(label.group(1));
                }
            }
        }
        return new Scrape(families);
    }

    /** The families by name. */
    public Map<String, Family> families() {
        return Collections.unmodifiableMap(families);
    }
}
