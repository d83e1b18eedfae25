package dev.freshet.serving.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key store that is replaced while serving runs. */
class TlsTest {

    private static final String PASSWORD = "a password";

    @TempDir
    private Path folder;

    @Test
    void seesWhatCannotTakeTheKeyStoresPlace() throws Exception {
        Path file = folder.resolve("serving.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        Tls tls = Tls.read(file, Files.writeString(folder.resolve("password"), PASSWORD + "\n"));
        assertThatCode(tls::check).doesNotThrowAnyException();

        byte[] good = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(good, good.length / 2));
        refused(tls);
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        try (OutputStream out = Files.newOutputStream(file)) {
            empty.store(out, PASSWORD.toCharArray());
        }
        refused(tls);
        Files.delete(file);
        refused(tls);
    }

    private static void refused(Tls tls) {
        assertThatThrownBy(tls::check)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot use the key store")
                .hasMessageNotContaining(PASSWORD);
    }
}
