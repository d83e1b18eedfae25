package dev.freshet.serving.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The token that requests must carry (RFC 6750, section 2.1). Only its digest is kept. */
public final class BearerToken {

    private static final int MIN_LENGTH = 16;
    private static final int MAX_LENGTH = 512;
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._~+/-]+=*");
    private static final String MAC = "HmacSHA256";
    private static final String SCHEME = "bearer ";

    private final byte[] digest;

    private BearerToken(byte[] digest) {
        this.digest = digest;
    }

    /**
     * Reads the token from a file that holds nothing else.
     *
     * @throws IOException with a line for people, if the file cannot be read or holds no token
     */
    public static BearerToken read(Path file) throws IOException {
        String token;
        try {
            token = Files.readString(file).strip();
        } catch (IOException e) {
            throw new IOException("cannot read the token in " + file + " (" + e + ")", e);
        }
        if (token.length() < MIN_LENGTH
                || token.length() > MAX_LENGTH
                || !FORM.matcher(token).matches()) {
            // Not the token itself: logs are read by more people than it is meant for.
            throw new IOException(file + " holds no token: one line of " + MIN_LENGTH + " to " + MAX_LENGTH
                    + " letters, digits and -._~+/, such as 'openssl rand -hex 32' makes");
        }
        return new BearerToken(digest(token));
    }

    /** @throws ProblemException with 401, if the request does not carry the token */
    void check(Context ctx) {
        String header = ctx.header("Authorization");
        if (header == null || !header.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
            throw ProblemException.unauthorized(
                    "this server asks for a token: send it as Authorization: Bearer TOKEN", "Bearer realm=\"freshet\"");
        }
        // Digests have one length, and are compared in a time that does not depend on where they differ.
        if (!MessageDigest.isEqual(
                digest, digest(header.substring(SCHEME.length()).strip()))) {
            throw ProblemException.unauthorized(
                    "this is not the token of this server", "Bearer realm=\"freshet\", error=\"invalid_token\"");
        }
    }

    /** A proof, for a text, that who sends it has the token: an HMAC under the token's digest. */
    String sign(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(mac(text));
    }

    /** Whether whoever has the token made a proof for a text. */
    boolean hasSigned(String text, String proof) {
        return MessageDigest.isEqual(
                sign(text).getBytes(StandardCharsets.UTF_8), proof.getBytes(StandardCharsets.UTF_8));
    }

    private byte[] mac(String text) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(new SecretKeySpec(digest, MAC));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
