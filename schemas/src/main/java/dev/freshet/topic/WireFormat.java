package dev.freshet.topic;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.RecordCodec;
import dev.freshet.codec.RegistryCodec;
import dev.freshet.codec.RegistryException;
import dev.freshet.codec.SchemaRegistry;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.specific.SpecificRecordBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How values are framed on the topics that programs outside write or read: Avro's single-object encoding, or, with a schema registry,
 * Confluent's wire format. The loop's own topics and every state keep single-object encoding, which depends on nothing: {@link
 * Topic#codec}. An id means something in its registry alone; so this is an object that is handed on, and no property of a topic.
 */
public final class WireFormat implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(WireFormat.class);

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int PAUSES_PER_LINE = 20;

    /** The topics that programs outside write or read. */
    public static final List<Topic<? extends SpecificRecordBase>> TOPICS =
            List.of(Topic.INTERACTIONS, Topic.ITEMS, Topic.ERASURES, Topic.RECOMMENDATIONS, Topic.EMBEDDINGS);

    /** Without a registry. */
    public static final WireFormat SINGLE_OBJECT = new WireFormat(null);

    /** One client for all operators of a process, and what it has learnt outlives a restart of the job. */
    private static final Map<URI, WireFormat> OPEN = new ConcurrentHashMap<>();

    private final URI registry;
    private final transient Map<String, RegistryCodec<?>> codecs = new LinkedHashMap<>();

    private WireFormat(URI registry) {
        this.registry = registry;
        if (registry != null) {
            SchemaRegistry client = new SchemaRegistry(registry);
            for (Topic<?> topic : TOPICS) {
                codecs.put(topic.name(), codec(topic, client));
            }
        }
    }

    private static <T extends SpecificRecordBase> RegistryCodec<T> codec(Topic<T> topic, SchemaRegistry registry) {
        return new RegistryCodec<>(topic.value(), registry, topic.name() + "-value", SchemaTopic.KNOWN);
    }

    private Object readResolve() {
        return registry == null ? SINGLE_OBJECT : OPEN.computeIfAbsent(registry, WireFormat::new);
    }

    /**
     * The format with a registry that answers and has the schemas of this build, or without one.
     *
     * @param registry address of the registry; null or empty for none
     * @throws IOException with a line for people, if the address is none, or the registry does not answer or refuses a schema
     */
    public static WireFormat open(String registry) throws IOException {
        if (registry == null || registry.isEmpty()) {
            return SINGLE_OBJECT;
        }
        WireFormat format = OPEN.computeIfAbsent(address(registry), WireFormat::new);
        try {
            format.codecs.values().forEach(RegistryCodec::register);
        } catch (RegistryException e) {
            throw new IOException(e.getMessage(), e);
        }
        return format;
    }

    private static URI address(String text) throws IOException {
        try {
            URI address = URI.create(text.replaceAll("/+$", ""));
            if (address.getHost() != null
                    && address.getUserInfo() == null
                    && ("http".equals(address.getScheme()) || "https".equals(address.getScheme()))) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new IOException(
                "'" + text + "' is no address; write http://HOST:PORT, and the path that its interface has");
    }

    /**
     * The codec of a topic's values. With a registry it reads either framing; {@link RegistryException} is thrown where the registry does
     * not answer.
     */
    @SuppressWarnings("unchecked")
    public <T extends SpecificRecordBase> RecordCodec<T> codec(Topic<T> topic) {
        RegistryCodec<T> codec = (RegistryCodec<T>) codecs.get(topic.name());
        return codec == null ? topic.codec() : codec;
    }

    /** Frames a value for its topic that is in single-object encoding, as this build writes it. */
    public byte[] frame(Topic<?> topic, byte[] value) {
        RegistryCodec<?> codec = codecs.get(topic.name());
        return codec == null ? value : codec.frame(value);
    }

    /**
     * Decodes for a stream, which must neither lose nor refuse a record that can be read later: waits for a registry that does not answer
     * until it does, or until the thread is interrupted.
     */
    public <T extends SpecificRecordBase> T awaitDecoded(Topic<T> topic, byte[] value) throws BadRecordException {
        RecordCodec<T> codec = codec(topic);
        for (int pauses = 0; ; pauses++) {
            try {
                return codec.decode(value);
            } catch (RegistryException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                if (pauses % PAUSES_PER_LINE == 0) {
                    LOG.warn("a record of {} waits: {}", topic.name(), e.getMessage());
                }
                pause(e);
            }
        }
    }

    private static void pause(RegistryException reason) {
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw reason;
        }
    }
}
