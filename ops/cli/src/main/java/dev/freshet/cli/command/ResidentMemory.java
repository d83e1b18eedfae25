package dev.freshet.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** How much memory a process has in RAM. */
public final class ResidentMemory {

    private ResidentMemory() {}

    /** Bytes; empty if the process is gone, or the operating system does not tell. */
    public static OptionalLong of(long pid) {
        Path status = Path.of("/proc", Long.toString(pid), "status");
        try {
            if (Files.exists(status)) {
                for (String line : Files.readAllLines(status)) {
                    if (line.startsWith("VmRSS:")) {
                        return OptionalLong.of(kibibytes(line));
                    }
                }
                return OptionalLong.empty();
            }
            Process ps = new ProcessBuilder("ps", "-o", "rss=", "-p", Long.toString(pid)).start();
            String answer = new String(ps.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return answer.isBlank() ? OptionalLong.empty() : OptionalLong.of(kibibytes(answer));
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private static long kibibytes(String text) {
        return Long.parseLong(text.replaceAll("\\D", "")) << 10;
    }
}
