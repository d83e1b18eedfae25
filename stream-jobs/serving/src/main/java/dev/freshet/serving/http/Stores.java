package dev.freshet.serving.http;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Recommendations;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.stream.ServingTopology;
import dev.freshet.serving.stream.UserHistory;
import dev.freshet.serving.stream.UserProfile;
import dev.freshet.topic.Topic;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyQueryMetadata;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.StreamsNotStartedException;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** Reads the stream's stores, and knows which instance has a user. */
final class Stores {

    private final Supplier<Optional<KafkaStreams>> streams;

    /** @param streams the stream, once it has been started */
    Stores(Supplier<Optional<KafkaStreams>> streams) {
        this.streams = streams;
    }

    /** The instance that has a user, or nothing where that is not known, as with a single instance. */
    Optional<HostInfo> owner(String user) {
        try {
            KeyQueryMetadata metadata = running()
                    .queryMetadataForKey(
                            ServingTopology.USERS_STORE, user, Serdes.String().serializer());
            return metadata == null || metadata.equals(KeyQueryMetadata.NOT_AVAILABLE)
                    ? Optional.empty()
                    : Optional.of(metadata.activeHost());
        } catch (StreamsNotStartedException e) {
            throw starting();
        }
    }

    /** Where the instances are, as far as this one knows. */
    Set<HostInfo> instances() {
        return streams.get()
                .map(running -> running.metadataForAllStreamsClients().stream()
                        .map(StreamsMetadata::hostInfo)
                        .collect(Collectors.toSet()))
                .orElse(Set.of());
    }

    /** What this instance holds of a user. */
    Optional<UserProfile> profile(String user) {
        return get(ServingTopology.USERS_STORE, user).map(UserProfile::decode);
    }

    /** The recommendations of a user that were published last, by this instance. */
    Optional<Recommendations> recommendations(String user) {
        return get(ServingTopology.RECOMMENDATIONS_STORE, user).map(bytes -> {
            try {
                return Topic.RECOMMENDATIONS.codec().decode(bytes);
            } catch (BadRecordException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** The stored state of a pair of this instance, or null. */
    byte[] pair(Bytes key) {
        return get(ServingTopology.PAIRS_STORE, key).orElse(null);
    }

    /** All that a user of this instance has, newest first. */
    List<HistoryItem> live(String user) {
        return read(
                ServingTopology.PAIRS_STORE,
                (ReadOnlyKeyValueStore<Bytes, byte[]> pairs) -> UserHistory.live(user, pairs));
    }

    private <K> Optional<byte[]> get(String store, K key) {
        return read(store, (ReadOnlyKeyValueStore<K, byte[]> entries) -> Optional.ofNullable(entries.get(key)));
    }

    private <K, T> T read(String store, Function<ReadOnlyKeyValueStore<K, byte[]>, T> read) {
        try {
            return read.apply(
                    running().store(StoreQueryParameters.fromNameAndType(store, QueryableStoreTypes.keyValueStore())));
        } catch (StreamsNotStartedException e) {
            throw starting();
        } catch (InvalidStateStoreException e) {
            throw ProblemException.unavailable("the stream is moving its state; try again in a second");
        }
    }

    private KafkaStreams running() {
        return streams.get().orElseThrow(Stores::starting);
    }

    static ProblemException starting() {
        return ProblemException.unavailable("serving is starting; /health says when it is ready");
    }
}
