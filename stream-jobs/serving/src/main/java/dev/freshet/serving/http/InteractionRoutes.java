package dev.freshet.serving.http;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Interaction;
import dev.freshet.serving.release.Outbox;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;

/** Interactions sent over HTTP: onto the topic, as a producer would. */
final class InteractionRoutes {

    private final WireFormat format;
    private final Outbox outbox;

    InteractionRoutes(WireFormat format, Outbox outbox) {
        this.format = format;
        this.outbox = outbox;
    }

    void register(Routes.Section routes) {
        routes.post("/v1/interactions", "Send an interaction")
                .answers(202, Answers.SentInteraction.class)
                .by(Bodies.NewInteraction.class, this::send);
    }

    private void send(Context ctx, JsonBody body) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Interaction interaction = Interaction.newBuilder()
                .setUser(body.text("user"))
                .setItem(body.text("item"))
                .setAction(body.text("action"))
                .setWeight(body.number("weight", 1))
                .setEventTime(time(body.text("eventTime", null), now))
                .setEventId(body.text("eventId", null))
                .build();
        byte[] key = interaction.getUser().getBytes(StandardCharsets.UTF_8);
        try {
            Intake.check(key, interaction, now.toEpochMilli());
        } catch (BadRecordException e) {
            throw ProblemException.badRequest(e.getMessage());
        }
        Outbox.Place place = outbox.send(
                Topic.INTERACTIONS.name(), key, format.codec(Topic.INTERACTIONS).encode(interaction));
        ctx.status(202);
        ctx.json(new Answers.SentInteraction(
                place.topic(),
                place.partition(),
                place.offset(),
                interaction.getUser(),
                interaction.getItem(),
                interaction.getAction(),
                interaction.getEventTime()));
    }

    private static Instant time(String text, Instant now) {
        try {
            // What milliseconds since 1970 do not reach is no time either.
            return text == null ? now : Instant.ofEpochMilli(Instant.parse(text).toEpochMilli());
        } catch (DateTimeParseException | ArithmeticException e) {
            throw ProblemException.badRequest(
                    "eventTime is " + Requests.shortened(text) + "; it must be a time such as 2026-11-01T12:00:00Z");
        }
    }
}
