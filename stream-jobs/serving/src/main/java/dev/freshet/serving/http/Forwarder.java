package dev.freshet.serving.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.streams.state.HostInfo;

/** Passes a request on to the instance that has the user, once; no thread waits for the answer. */
final class Forwarder {

    /** Which instance has passed a request on; where there is a token, with a proof that it has that. */
    static final String FORWARDED = "Freshet-Forwarded";

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ADDRESSES_KEPT = Duration.ofMinutes(1);
    private static final List<String> PASSED_BACK = List.of("Content-Type", "Retry-After", "WWW-Authenticate");

    private final Supplier<HostInfo> me;
    private final Supplier<Set<HostInfo>> instances;
    private final BearerToken token;
    private final String scheme;
    private final HttpClient client;
    /** Addresses of instances; looked up again by a thread that answers nobody. */
    private final LoadingCache<String, Set<InetAddress>> addresses = Caffeine.newBuilder()
            .refreshAfterWrite(ADDRESSES_KEPT)
            .maximumSize(1000)
            .build(Forwarder::lookUp);

    /**
     * @param me this instance's address as the others know it, once it listens
     * @param instances where the instances are, as far as this one knows
     * @param token the token that requests must carry, or null
     * @param tls what this and the other instances serve HTTPS with, or null
     */
    Forwarder(Supplier<HostInfo> me, Supplier<Set<HostInfo>> instances, BearerToken token, Tls tls) {
        this.me = me;
        this.instances = instances;
        this.token = token;
        this.scheme = tls == null ? "http" : "https";
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT);
        this.client = (tls == null ? builder : builder.sslContext(tls.client())).build();
    }

    /**
     * Answers from another instance if that one has the key.
     *
     * @return whether the request has been, or will be, answered
     */
    boolean forward(Context ctx, HostInfo owner) {
        HostInfo self = me.get();
        if (owner.equals(self) || owner.equals(HostInfo.unavailable())) {
            return false;
        }
        if (ctx.header(FORWARDED) != null) {
            throw ProblemException.unavailable("the user is moving between instances; try again in a second");
        }
        String query = ctx.queryString() == null ? "" : "?" + ctx.queryString();
        HttpRequest.Builder request = HttpRequest.newBuilder(address(scheme + "://" + owner.host() + ":" + owner.port()
                        + ctx.req().getRequestURI() + query))
                .header(FORWARDED, token == null ? name(self) : name(self) + " " + token.sign(name(self)))
                .timeout(TIMEOUT);
        if (token != null) {
            request.header("Authorization", ctx.header("Authorization"));
        }
        ctx.future(() -> client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray())
                // That of the request ends with the headers.
                .orTimeout(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .handle((response, failure) -> {
                    if (failure != null) {
                        throw ProblemException.unavailable(
                                "the instance that has the user does not answer; try again in a second");
                    }
                    ctx.status(response.statusCode());
                    PASSED_BACK.forEach(
                            name -> response.headers().firstValue(name).ifPresent(value -> ctx.header(name, value)));
                    ctx.result(response.body());
                    return null;
                }));
        return true;
    }

    /**
     * Whether another instance has passed a request on: one that has the token, or, where there is none, runs where the request comes from.
     *
     * @param header the request's header {@link #FORWARDED}, or null
     * @param address where the request comes from
     */
    boolean passedOn(String header, String address) {
        if (header == null) {
            return false;
        }
        if (token != null) {
            String[] parts = header.split(" ", 2);
            return parts.length == 2 && token.hasSigned(parts[0], parts[1]);
        }
        Set<InetAddress> from = lookUp(address);
        return !from.isEmpty()
                && instances.get().stream()
                        .anyMatch(instance -> addresses.get(instance.host()).containsAll(from));
    }

    private static Set<InetAddress> lookUp(String host) {
        try {
            return Set.copyOf(Arrays.asList(InetAddress.getAllByName(host)));
        } catch (UnknownHostException e) {
            return Set.of();
        }
    }

    private static String name(HostInfo instance) {
        return instance.host() + ":" + instance.port();
    }

    private static URI address(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw ProblemException.badRequest("the query has characters that must be percent-encoded");
        }
    }
}
