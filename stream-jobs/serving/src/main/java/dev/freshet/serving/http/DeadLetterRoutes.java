package dev.freshet.serving.http;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.serving.release.DeadLetterArchive;
import dev.freshet.serving.release.Outbox;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import org.apache.avro.specific.SpecificRecordBase;

/** Records that were refused: why, what they hold, and sending one again once the cause is mended. */
final class DeadLetterRoutes {

    /** Bytes of a key or a value that are shown. */
    private static final int SHOWN_BYTES = 16 << 10;

    /** What comes from outside. All else the loop makes anew, and an old one of it would undo what came after. */
    private static final Set<String> INPUTS =
            Set.of(Topic.INTERACTIONS.name(), Topic.ITEMS.name(), Topic.ERASURES.name());

    private final DeadLetterArchive archive;
    private final Outbox outbox;

    DeadLetterRoutes(DeadLetterArchive archive, Outbox outbox) {
        this.archive = archive;
        this.outbox = outbox;
    }

    void register(Javalin javalin, WriteGuard guard) {
        javalin.get("/v1/dead-letters", this::list);
        javalin.get("/v1/dead-letters/{offset}", this::letter);
        javalin.post("/v1/dead-letters/{offset}/replay", guard.guarded(this::replay));
    }

    private void list(Context ctx) {
        int limit = Requests.number(ctx, "limit", 20, 1, 200);
        String before = ctx.queryParam("before");
        ctx.json(archive.before(
                before == null ? Long.MAX_VALUE : Requests.number("before", before, 0, Long.MAX_VALUE), limit));
    }

    private long offset(Context ctx) {
        return Requests.number("offset", ctx.pathParam("offset"), 0, Long.MAX_VALUE);
    }

    private DeadLetter find(long offset) {
        return archive.at(offset)
                .orElseThrow(() -> ProblemException.notFound("there is no dead letter at offset " + offset));
    }

    private void letter(Context ctx) {
        long offset = offset(ctx);
        DeadLetter letter = find(offset);
        ctx.json(new Answers.LetterView(
                offset,
                letter.getTopic(),
                letter.getPartition(),
                letter.getOffset(),
                letter.getTimestamp(),
                letter.getReason(),
                letter.getJob(),
                letter.getRefusedAt(),
                bytes(letter.getKey()),
                bytes(letter.getValue()),
                decoded(letter),
                refusal(letter)));
    }

    private void replay(Context ctx) {
        long offset = offset(ctx);
        DeadLetter letter = find(offset);
        String refusal = refusal(letter);
        if (refusal != null) {
            throw ProblemException.conflict("not sent: " + refusal);
        }
        Outbox.Place place = outbox.send(letter.getTopic(), array(letter.getKey()), array(letter.getValue()));
        ctx.status(202);
        ctx.json(new Answers.ReplayView(offset, place.topic(), place.partition(), place.offset()));
    }

    /** Why a letter's record cannot be used as things are, or null: by the rules that every reader of the topic goes by. */
    private static String refusal(DeadLetter letter) {
        if (!INPUTS.contains(letter.getTopic())) {
            return "only records from outside are sent again (interactions, items, erasures); those of "
                    + letter.getTopic() + " are the loop's own, which makes them anew";
        }
        if (letter.getValue() == null) {
            return "the letter does not hold the record's value";
        }
        long now = System.currentTimeMillis();
        try {
            SpecificRecordBase record = decode(letter);
            if (record instanceof Interaction interaction) {
                Intake.check(array(letter.getKey()), interaction, now);
            } else if (record instanceof Item item) {
                Intake.check(item, Map.of());
            } else if (record instanceof Erasure erasure) {
                Intake.check(erasure, now);
            }
            return null;
        } catch (BadRecordException e) {
            return e.getMessage();
        }
    }

    private static SpecificRecordBase decode(DeadLetter letter) throws BadRecordException {
        Topic<?> topic = Topic.all().get(letter.getTopic());
        if (topic == null) {
            throw new BadRecordException("there is no topic " + letter.getTopic());
        }
        return topic.codec().decode(array(letter.getValue()));
    }

    /** The record as JSON, or null where the value cannot be read, or is too long to be shown. */
    private static String decoded(DeadLetter letter) {
        try {
            String json = letter.getValue() == null ? null : decode(letter).toString();
            return json == null || json.length() > SHOWN_BYTES ? null : json;
        } catch (BadRecordException e) {
            return null;
        }
    }

    private static byte[] array(ByteBuffer bytes) {
        if (bytes == null) {
            return null;
        }
        byte[] array = new byte[bytes.remaining()];
        bytes.duplicate().get(array);
        return array;
    }

    private static Answers.BytesView bytes(ByteBuffer bytes) {
        if (bytes == null) {
            return null;
        }
        byte[] all = array(bytes);
        byte[] shown = all.length > SHOWN_BYTES ? Arrays.copyOf(all, SHOWN_BYTES) : all;
        return new Answers.BytesView(all.length, Base64.getEncoder().encodeToString(shown));
    }
}
