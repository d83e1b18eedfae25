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
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.apache.avro.specific.SpecificRecordBase;

/** Records that were refused: why, what they hold, and sending one again once the cause is mended. */
final class DeadLetterRoutes {

    /** Bytes of a key or a value that are shown. */
    private static final int SHOWN_BYTES = 16 << 10;

    /** What comes from outside. All else the loop makes anew, and an old one of it would undo what came after. */
    private static final Set<String> INPUTS =
            Set.of(Topic.INTERACTIONS.name(), Topic.ITEMS.name(), Topic.ERASURES.name());

    private static final int READERS = 2;

    private final DeadLetterArchive archive;
    private final Outbox outbox;
    private final ToLongFunction<String> itemErasedAt;
    private final Turns turns = new Turns(READERS);

    /** @param itemErasedAt time up to which an item was asked to be forgotten, milliseconds since 1970, or the least long */
    DeadLetterRoutes(DeadLetterArchive archive, Outbox outbox, ToLongFunction<String> itemErasedAt) {
        this.archive = archive;
        this.outbox = outbox;
        this.itemErasedAt = itemErasedAt;
    }

    void register(Javalin javalin, WriteGuard guard) {
        javalin.get("/v1/dead-letters", this::list);
        javalin.get("/v1/dead-letters/{offset}", this::letter);
        javalin.post("/v1/dead-letters/{offset}/replay", guard.guarded(this::replay));
    }

    private void list(Context ctx) {
        int limit = Requests.number(ctx, "limit", 20, 1, 200);
        String before = ctx.queryParam("before");
        long end = before == null ? Long.MAX_VALUE : Requests.number("before", before, 0, Long.MAX_VALUE);
        ctx.json(turns.take(() -> archive.before(end, limit)));
    }

    private long offset(Context ctx) {
        return Requests.number("offset", ctx.pathParam("offset"), 0, Long.MAX_VALUE);
    }

    private DeadLetter find(long offset) {
        return turns.take(() -> archive.at(offset))
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
    private String refusal(DeadLetter letter) {
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
                if (letter.getTimestamp().toEpochMilli() <= itemErasedAt.applyAsLong(item.getItem())) {
                    return "the item was asked to be forgotten since; sent again it would come back";
                }
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
            ByteBuffer value = letter.getValue();
            if (value == null || value.remaining() > SHOWN_BYTES) {
                return null;
            }
            String json = decode(letter).toString();
            return json.length() > SHOWN_BYTES ? null : json;
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
        byte[] shown = new byte[Math.min(bytes.remaining(), SHOWN_BYTES)];
        bytes.duplicate().get(shown);
        return new Answers.BytesView(bytes.remaining(), Base64.getEncoder().encodeToString(shown));
    }
}
