package dev.freshet.serving.release;

import dev.freshet.schema.DeadLetter;
import dev.freshet.serving.stream.Refusals;
import dev.freshet.topic.DeadLetterFactory;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes each refused record to the topic dead-letters once: a restart, or another instance, refuses the same record again,
 * so what the topic already has is left out, and one instance writes for all. Thread-safe.
 */
public final class DeadLetters implements Refusals {

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

    /** Letters held back; beyond it they are written whoever has the turn, since none may be lost. */
    private static final int MAX_PENDING = 10_000;

    /** Letters remembered, the newest; an older one may be written again. */
    static final int MAX_KNOWN = 100_000;

    /** The topics whose bad records are serving's to report. */
    private static final Set<String> TOPICS =
            Set.of(Topic.NEIGHBORS.name(), Topic.MODELS.name(), Topic.MODEL_EMBEDDINGS.name());

    private record Place(String topic, int partition, long offset) {}

    private final Producer<byte[], byte[]> producer;
    private final String job;
    private final BooleanSupplier writes;
    private final Set<Place> known = Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Place, Boolean> eldest) {
            return size() > MAX_KNOWN;
        }
    });
    private final Map<Place, DeadLetter> pending = new LinkedHashMap<>();

    /**
     * @param job name and version of this job
     * @param writes whether this instance is the one that writes, at the moment
     */
    DeadLetters(Producer<byte[], byte[]> producer, String job, BooleanSupplier writes) {
        this.producer = producer;
        this.job = job;
        this.writes = writes;
    }

    @Override
    public void refuse(Refused refused, String reason) {
        Place place = new Place(refused.topic(), refused.partition(), refused.offset());
        DeadLetter letter = DeadLetterFactory.letter(
                refused.topic(),
                refused.partition(),
                refused.offset(),
                refused.timestamp(),
                refused.key(),
                refused.value(),
                reason,
                job);
        synchronized (this) {
            if (known.contains(place)) {
                return;
            }
            LOG.warn("{}-{} offset {}: {}", place.topic(), place.partition(), place.offset(), reason);
            if (pending.size() < MAX_PENDING) {
                pending.put(place, letter);
                return;
            }
            known.add(place);
        }
        send(place, letter);
    }

    /** Whether letters of a topic's records are written here; what other jobs write is of no concern. */
    static boolean concern(String topic) {
        return TOPICS.contains(topic);
    }

    /** Takes note of a letter that the topic has. */
    synchronized void seen(DeadLetter letter) {
        Place place = new Place(letter.getTopic(), letter.getPartition(), letter.getOffset());
        known.add(place);
        pending.remove(place);
    }

    /** Writes what is pending, if it is this instance's turn; to be called once the topic has been read to its end. */
    void flush() {
        if (!writes.getAsBoolean()) {
            return;
        }
        Map<Place, DeadLetter> letters;
        synchronized (this) {
            letters = new LinkedHashMap<>(pending);
            known.addAll(pending.keySet());
            pending.clear();
        }
        if (!letters.isEmpty()) {
            letters.forEach(this::send);
            producer.flush();
        }
    }

    private void send(Place place, DeadLetter letter) {
        producer.send(
                new ProducerRecord<>(
                        Topic.DEAD_LETTERS.name(),
                        place.topic().getBytes(StandardCharsets.UTF_8),
                        Topic.DEAD_LETTERS.codec().encode(letter)),
                (metadata, failure) -> {
                    if (failure != null) {
                        LOG.warn("dead letter of {} not written ({}); trying again", place, failure.getMessage());
                        synchronized (this) {
                            known.remove(place);
                            // The topic may take less than is made here, if others have set it up.
                            pending.put(
                                    place,
                                    failure instanceof RecordTooLargeException
                                            ? DeadLetterFactory.withoutBytes(letter)
                                            : letter);
                        }
                    }
                });
    }
}
