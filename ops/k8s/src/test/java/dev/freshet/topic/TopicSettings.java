package dev.freshet.topic;

import java.util.HashMap;
import java.util.Map;

/** The broker's settings of the topics, for comparison with manifests. */
public final class TopicSettings {

    private TopicSettings() {}

    public static Map<String, String> of(Topic<?> topic) {
        return TopicCatalogue.settings(topic);
    }

    public static Map<String, String> ofSchemas() {
        Map<String, String> settings = new HashMap<>();
        SchemaTopic.settings().forEach((name, value) -> settings.put((String) name, (String) value));
        return settings;
    }
}
