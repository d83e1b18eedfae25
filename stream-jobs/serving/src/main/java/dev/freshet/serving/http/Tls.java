package dev.freshet.serving.http;

import dev.freshet.tls.Trust;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** The key and the certificates that HTTPS is served with: a PKCS #12 key store. */
public final class Tls {

    private static final String TYPE = "PKCS12";

    private final Path file;
    private final String password;
    private final List<Certificate> certificates;

    private Tls(Path file, String password, List<Certificate> certificates) {
        this.file = file;
        this.password = password;
        this.certificates = certificates;
    }

    /**
     * Reads a key store.
     *
     * @param passwordFile holds its password and nothing else
     * @throws IOException with a line for people, if it cannot be read or holds no key
     */
    public static Tls read(Path file, Path passwordFile) throws IOException {
        String password;
        try {
            password = Files.readString(passwordFile, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new IOException("cannot read the password in " + passwordFile + " (" + e + ")", e);
        }
        return read(file, password);
    }

    private static Tls read(Path file, String password) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore store = KeyStore.getInstance(TYPE);
            store.load(in, password.toCharArray());
            List<Certificate> certificates = new ArrayList<>();
            boolean key = false;
            for (String alias : Collections.list(store.aliases())) {
                key |= store.getKey(alias, password.toCharArray()) != null;
                Certificate[] chain = store.getCertificateChain(alias);
                certificates.addAll(chain == null ? List.of(store.getCertificate(alias)) : List.of(chain));
            }
            if (!key) {
                throw new IOException("there is no private key in it");
            }
            return new Tls(file, password, certificates);
        } catch (IOException | GeneralSecurityException e) {
            throw new IOException(
                    "cannot use the key store " + file + " (" + e.getMessage()
                            + "); it must be PKCS #12, with a key and its certificates",
                    e);
        }
    }

    /** @throws IOException with a line for people, if the file as it is now cannot be used */
    void check() throws IOException {
        read(file, password);
    }

    /** For the server; follows the file when it is told to. */
    SslContextFactory.Server server() {
        SslContextFactory.Server server = new SslContextFactory.Server();
        server.setKeyStorePath(file.toAbsolutePath().toUri().toString());
        server.setKeyStoreType(TYPE);
        server.setKeyStorePassword(password);
        return server;
    }

    /** For requests to other instances: trusts the certificates of the key store, besides those that Java trusts. */
    SSLContext client() {
        try {
            return Trust.of(certificates);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
