package dev.freshet.serving.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The bodies of requests. What is {@code Nullable} may be null or missing. */
final class Bodies {

    private Bodies() {}

    /** The rules of the fields are those of the topic: {@link dev.freshet.topic.Intake}. */
    record NewInteraction(
            String user,
            String item,
            String action,
            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Double weight,
            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Instant eventTime,
            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String eventId) {}

    record Rollback(String version) {}

    record Replay() {}
}
