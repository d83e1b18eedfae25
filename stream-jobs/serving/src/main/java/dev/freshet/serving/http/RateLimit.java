package dev.freshet.serving.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.EstimationProbe;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** So many requests a second may one client make: a token bucket each, by address. */
final class RateLimit {

    /** What a client saved up in this time it may spend at once: a page opens with a dozen requests. */
    private static final Duration BURST = Duration.ofSeconds(5);

    private static final int MAX_CLIENTS = 100_000;
    private static final int NETWORK_BYTES = 8;

    private final LoadingCache<ByteBuffer, Bucket> buckets;
    private final Predicate<Context> counted;

    /**
     * @param perSecond requests of a client per second, in the long run
     * @param counted whether a request counts here
     */
    RateLimit(int perSecond, Predicate<Context> counted) {
        this.counted = counted;
        long burst = perSecond * BURST.toSeconds();
        this.buckets = Caffeine.newBuilder()
                // Full again by then.
                .expireAfterAccess(BURST.multipliedBy(2))
                .maximumSize(MAX_CLIENTS)
                .build(client -> Bucket.builder()
                        .addLimit(limit -> limit.capacity(burst).refillGreedy(perSecond, Duration.ofSeconds(1)))
                        .build());
    }

    /** @throws ProblemException with 429, if the client has asked too often */
    void count(Context ctx) {
        if (!counted.test(ctx)) {
            return;
        }
        ConsumptionProbe probe = buckets.get(client(ctx.ip())).tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            throw tooMany(probe.getNanosToWaitForRefill());
        }
    }

    /** @throws ProblemException with 429, if the client may not ask once more; it is not counted */
    void checkRoom(Context ctx) {
        EstimationProbe probe = buckets.get(client(ctx.ip())).estimateAbilityToConsume(1);
        if (!probe.canBeConsumed()) {
            throw tooMany(probe.getNanosToWaitForRefill());
        }
    }

    private static ProblemException tooMany(long nanosToWait) {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(nanosToWait) + 1;
        return ProblemException.tooMany("too many requests from this address; try again in " + seconds + " s", seconds);
    }

    /** Who has an IPv6 address has the network of it. */
    private static ByteBuffer client(String ip) {
        try {
            byte[] address = InetAddress.getByName(ip).getAddress();
            return ByteBuffer.wrap(address.length > NETWORK_BYTES ? Arrays.copyOf(address, NETWORK_BYTES) : address);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
