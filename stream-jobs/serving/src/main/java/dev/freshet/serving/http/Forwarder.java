package dev.freshet.serving.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.streams.state.HostInfo;

/** Passes a request on to the instance that has the user, once. */
final class Forwarder {

    private static final String FORWARDED = "Freshet-Forwarded";
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final Supplier<HostInfo> me;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    /** @param me this instance's address as the others know it, once it listens */
    Forwarder(Supplier<HostInfo> me) {
        this.me = me;
    }

    /**
     * Answers from another instance if that one has the key.
     *
     * @return whether the request has been answered
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
        HttpRequest request = HttpRequest.newBuilder(address("http://" + owner.host() + ":" + owner.port()
                        + ctx.req().getRequestURI() + query))
                .header(FORWARDED, self.host() + ":" + self.port())
                .timeout(TIMEOUT)
                .build();
        try {
            HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            ctx.status(response.statusCode());
            response.headers().firstValue("Content-Type").ifPresent(ctx::contentType);
            response.headers().firstValue("Retry-After").ifPresent(after -> ctx.header("Retry-After", after));
            ctx.result(response.body());
            return true;
        } catch (IOException e) {
            throw ProblemException.unavailable("the instance that has the user does not answer; try again in a second");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ProblemException.unavailable("serving is stopping");
        }
    }

    private static URI address(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw ProblemException.badRequest("the query has characters that must be percent-encoded");
        }
    }
}
