package dev.freshet.serving.http;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.RegistryException;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.serving.release.DeadLetterArchive;
import dev.freshet.serving.release.Outbox;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import io.javalin.http.Context;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
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

    private static final Parameter<Integer> LIMIT = Parameter.number("limit", 20, 1, 200, "how many, at most");
    private static final Parameter<Optional<Cursor>> AFTER = Parameter.after();
    private static final Parameter<Long> OFFSET =
            Parameter.offset("offset", "where the letter lies on the topic dead-letters");

    private final WireFormat format;
    private final DeadLetterArchive archive;
    private final Outbox outbox;
    private final ToLongFunction<String> itemErasedAt;
    private final Turns turns = new Turns(READERS);

    /** @param itemErasedAt time up to which an item was asked to be forgotten, milliseconds since 1970, or the least long */
    DeadLetterRoutes(WireFormat format, DeadLetterArchive archive, Outbox outbox, ToLongFunction<String> itemErasedAt) {
        this.format = format;
        this.archive = archive;
        this.outbox = outbox;
        this.itemErasedAt = itemErasedAt;
    }

    void register(Routes.Section routes) {
        routes.get("/v1/dead-letters", "The newest records that could not be used")
                .with(LIMIT, AFTER)
                .answers(Answers.LettersView.class)
                .by(this::list);
        routes.get("/v1/dead-letters/{offset}", "One of them, with its bytes")
                .with(OFFSET)
                .answers(Answers.LetterView.class)
                .problems(404)
                .by(this::letter);
        routes.post("/v1/dead-letters/{offset}/replay", "Send the bytes of a refused record to its topic once more")
                .with(OFFSET)
                .answers(202, Answers.ReplayView.class)
                .problems(404, 409)
                .by(Bodies.Replay.class, (ctx, body) -> replay(ctx));
    }

    private void list(Context ctx) {
        int limit = LIMIT.of(ctx);
        long before = AFTER.of(ctx).map(Cursor::rank).orElse(Long.MAX_VALUE);
        DeadLetterArchive.Page page = turns.take(() -> archive.before(before, limit));
        ctx.json(new Answers.LettersView(
                page.letters(), page.next() == null ? null : new Cursor(page.next(), "").text()));
    }

    private DeadLetter find(long offset) {
        return turns.take(() -> archive.at(offset))
                .orElseThrow(() -> ProblemException.notFound("there is no dead letter at offset " + offset));
    }

    private void letter(Context ctx) {
        long offset = OFFSET.of(ctx);
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
        long offset = OFFSET.of(ctx);
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
                Intake.check(array(letter.getKey()), item, Map.of());
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

    private SpecificRecordBase decode(DeadLetter letter) throws BadRecordException {
        Topic<?> topic = Topic.all().get(letter.getTopic());
        if (topic == null) {
            throw new BadRecordException("there is no topic " + letter.getTopic());
        }
        try {
            return format.codec(topic).decode(array(letter.getValue()));
        } catch (RegistryException e) {
            // The letter can be looked at all the same.
            throw new BadRecordException(e.getMessage() + "; try again", e);
        }
    }

    /** The record as JSON, or null where the value cannot be read, or is too long to be shown. */
    private String decoded(DeadLetter letter) {
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
