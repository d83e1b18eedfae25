package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.cli.CliException;
import dev.freshet.tls.Trust;
import dev.freshet.topic.Split;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;

/** Asks serving over HTTP. */
public final class ServingClient {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TIMEOUT_MS = 10_000;
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private final URI base;
    private final String token;
    /** One for all requests, or none of their connections would be used again; null for the one of Java. */
    private final SSLSocketFactory trusted;

    /** Asks a server of the local cluster. */
    public ServingClient(URI base) {
        this.base = base;
        this.token = null;
        this.trusted = null;
    }

    /**
     * @param tokenFile holds the token that the server asks for, or null
     * @param trust certificates (PEM) to trust besides those that Java trusts, or null
     * @throws CliException if a file cannot be used
     */
    ServingClient(URI base, Path tokenFile, Path trust) throws CliException {
        if (tokenFile != null && !base.getScheme().equals("https") && !isLoopback(base.getHost())) {
            throw new CliException("the token would travel in the clear to " + base
                    + "; name it by https://, or reach it on loopback");
        }
        this.base = base;
        this.token = tokenFile == null ? null : token(tokenFile);
        this.trusted = trust == null ? null : trusting(trust).getSocketFactory();
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static String token(Path file) throws CliException {
        String token;
        try {
            token = Files.readString(file).strip();
        } catch (IOException e) {
            throw new CliException("cannot read the token in " + file + " (" + e + "); see --token-file", e);
        }
        if (!TOKEN.matcher(token).matches()) {
            throw new CliException(file + " holds no token: one line of letters, digits and -._~+/; see --token-file");
        }
        return token;
    }

    private static SSLContext trusting(Path file) throws CliException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (certificates.isEmpty()) {
                throw new CertificateException("there is none in it");
            }
            return Trust.of(certificates);
        } catch (IOException | GeneralSecurityException e) {
            throw new CliException("cannot read certificates from " + file + " (" + e + "); see --trust", e);
        }
    }

    /** A path segment with everything escaped that is not plain. */
    public static String segment(String id) {
        return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * The JSON at a path.
     *
     * @throws CliException if serving does not answer, or answers with an error
     */
    public JsonNode get(String path) throws CliException {
        Answer answer = ask(path);
        if (answer.status != 200) {
            throw failed(answer);
        }
        return answer.body;
    }

    /**
     * The JSON at a path; empty where serving knows no such thing.
     *
     * @throws CliException if serving does not answer, or answers with another error
     */
    Optional<JsonNode> find(String path) throws CliException {
        Answer answer = ask(path);
        if (answer.status != 200 && answer.status != 404) {
            throw failed(answer);
        }
        return answer.status == 404 ? Optional.empty() : Optional.of(answer.body);
    }

    /** Which models serve whom; whatever the salt. */
    Split split() throws CliException {
        String split = get("/v1/models?limit=1").path("split").asText(Split.ALL);
        return split.equals(Split.ALL) ? Split.NONE : Split.of(split, Split.SALT);
    }

    private record Answer(int status, JsonNode body) {}

    private static CliException failed(Answer answer) {
        if (answer.status == 401) {
            return new CliException(answer.body.path("detail").asText() + " (--token-file names the file that has it)");
        }
        return new CliException(answer.body.path("detail").asText("serving answers " + answer.status));
    }

    /** Whether the server's certificate is not believed. */
    private static boolean aboutTrust(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                return true;
            }
        }
        return false;
    }

    /**
     * Over {@link HttpURLConnection}: where a handshake fails, {@code java.net.http.HttpClient} now and then loses why, and
     * waits for its timeout (Java 17; 2 of 80 fresh processes on a busy machine).
     */
    private Answer ask(String path) throws CliException {
        URI uri = base.resolve(path);
        int status;
        String text;
        try {
            HttpURLConnection request = open(uri);
            status = request.getResponseCode();
            try (InputStream body = status < 400 ? request.getInputStream() : request.getErrorStream()) {
                text = body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (SSLException e) {
            String mend =
                    aboutTrust(e) ? "name its authority's certificate with --trust" : "see whether it speaks HTTPS";
            throw new CliException("no HTTPS with " + base + " (" + e.getMessage() + "); " + mend, e);
        } catch (IOException e) {
            throw new CliException(
                    "serving does not answer at " + base + " (" + e
                            + "); start the loop with 'freshet up', or name it with --serving",
                    e);
        }
        try {
            return new Answer(status, JSON.readTree(text));
        } catch (IOException e) {
            throw new CliException(uri + " answers " + status + " without JSON", e);
        }
    }

    private HttpURLConnection open(URI uri) throws IOException {
        HttpURLConnection request = (HttpURLConnection) uri.toURL().openConnection();
        request.setConnectTimeout(TIMEOUT_MS);
        request.setReadTimeout(TIMEOUT_MS);
        request.setInstanceFollowRedirects(false);
        request.setRequestProperty("Accept", "application/json");
        if (token != null) {
            request.setRequestProperty("Authorization", "Bearer " + token);
        }
        if (trusted != null && request instanceof HttpsURLConnection secured) {
            secured.setSSLSocketFactory(trusted);
        }
        return request;
    }
}
