package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Commands against serving that asks for a token and speaks HTTPS; what it answers without a broker is answer enough. */
class SecuredServingIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void commandsBringTheTokenAndTrustTheAuthority() throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "0123456789abcdef0123456789abcdef\n");
        Path password = Files.writeString(folder.resolve("password"), "a password\n");
        Path keyStore = folder.resolve("serving.p12");
        Path certificate = folder.resolve("ca.pem");
        keytool(keyStore, "-genkeypair", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "SAN=ip:127.0.0.1");
        keytool(keyStore, "-exportcert", "-rfc", "-file", certificate.toString());
        int port = Ports.free(1)[0];
        try (JavaProcess serving = JavaProcess.start(
                Installation.find().jars("serving"),
                List.of(),
                "dev.freshet.serving.ServingMain",
                List.of(
                        "--bootstrap",
                        "127.0.0.1:9",
                        "--state",
                        folder.resolve("state").toString(),
                        "--port",
                        Integer.toString(port),
                        "--token-file",
                        token.toString(),
                        "--tls-key-store",
                        keyStore.toString(),
                        "--tls-password-file",
                        password.toString()),
                folder.resolve("log"))) {
            awaitListening(serving, port);
            String[] trust = {"--trust", certificate.toString()};
            String[] both = {"--trust", certificate.toString(), "--token-file", token.toString()};

            assertThat(recommend(port)).contains("no HTTPS with https://127.0.0.1:" + port, "--trust");
            assertThat(recommend(port, trust)).contains("asks for a token", "--token-file");
            assertThat(recommend(port, both)).contains("serving is starting");
            assertThat(recommend(port, "--trust", password.toString())).contains("cannot read certificates from");
            assertThat(recommend(port, "--token-file", password.toString()))
                    .contains("holds no token")
                    .doesNotContain("a password");
            assertThat(Files.readString(folder.resolve("log"))).doesNotContain("0123456789abcdef", "a password");
        }
    }

    /** What a command says when it fails, in one line. */
    private static String recommend(int port, String... options) {
        StringWriter err = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of("recommend", "u1", "--serving", "https://127.0.0.1:" + port));
        arguments.addAll(List.of(options));
        CommandLine freshet = Freshet.commandLine().setErr(new PrintWriter(err, true));
        assertThat(freshet.execute(arguments.toArray(String[]::new))).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
        return err.toString();
    }

    private static void keytool(Path keyStore, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of(
                "-alias",
                "serving",
                "-storetype",
                "PKCS12",
                "-keystore",
                keyStore.toString(),
                "-storepass",
                "a password"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    private static void awaitListening(JavaProcess process, int port) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline && process.isAlive()) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
                return;
            } catch (IOException e) {
                Thread.sleep(100);
            }
        }
        throw new AssertionError(String.join("\n", process.tail(20)));
    }
}
