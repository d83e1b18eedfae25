package dev.freshet.serving.http;

import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Locale;

/**
 * Who may write over HTTP, and who may read on loopback. A page of another site can have a browser post to a server on the same machine, so a
 * request must be JSON, which a browser does not send across sites unasked; its origin, if it names one, must be this server; and on loopback
 * its host must be a name of loopback, to read, too, since another name may be made to lead here (DNS rebinding).
 */
final class WriteGuard {

    private final boolean allowed;
    private final boolean loopback;

    /**
     * @param allowed whether anyone may write
     * @param host address that HTTP listens on
     */
    WriteGuard(boolean allowed, String host) {
        this.allowed = allowed;
        this.loopback = isLoopback(host);
    }

    /** Whether an address reaches no further than this machine. */
    static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Reads, too, are for those who call a server on loopback by a name of loopback. */
    void checkHost(Context ctx) {
        String host = ctx.host();
        if (loopback && host != null && !namesLoopback(host)) {
            throw ProblemException.forbidden("the host of the request is " + Requests.shortened(host)
                    + "; call this server localhost, or by its address on loopback");
        }
    }

    /** @throws ProblemException if the request may not write */
    void check(Context ctx) {
        if (!allowed) {
            throw ProblemException.forbidden(
                    "this server takes nothing over HTTP: it listens beyond loopback and was not"
                            + " started with --allow-writes or --token-file; send to the topics instead");
        }
        String type = ctx.contentType();
        if (type == null || !type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
            throw ProblemException.unsupported("the body must be JSON, with Content-Type: application/json");
        }
        String host = ctx.host();
        if (loopback && host == null) {
            throw ProblemException.forbidden("the request names no host");
        }
        String origin = ctx.header("Origin");
        if (origin != null && !authority(origin).equalsIgnoreCase(host)) {
            throw ProblemException.forbidden("a page of " + Requests.shortened(origin) + " may not write here");
        }
    }

    private static String authority(String origin) {
        try {
            String authority = new URI(origin).getAuthority();
            return authority == null ? "" : authority;
        } catch (URISyntaxException e) {
            return "";
        }
    }

    /** Whether a Host header names loopback; no name is looked up. */
    private static boolean namesLoopback(String header) {
        String name = header.replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT);
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || name.equals("[::1]")
                || name.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    }
}
