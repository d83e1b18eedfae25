package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class FreshetTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--bla",
                "demo --bla",
                "demo --for soon",
                "demo --for 3",
                "demo --speed 2",
                "demo --speed 2 --rate 3 --data x",
                "demo --data no-such-folder",
                "demo --rate -1",
                "demo --rate nan",
                "demo --history -1",
                "demo --shoppers 0",
                "demo --seed 1 --data x",
                "up --kafka-port 0",
                "up --port-base 65533",
                "up --port-base many",
                "up --partitions 0",
                "up --parallelism 0",
                "up --checkpoint-interval soon",
                "up --checkpoint-interval 0s",
                "up --min-interval x",
                "up --max-age x",
                "up --min-new-interactions -1",
                "up --model typo",
                "up --split typo=1",
                "up --split-salt other",
                "up --photos no-such-folder",
                "up --action-weight view=-1",
                "up --action-weight dislike=0.5",
                "up --diversity 1.5",
                "up --allow shoes",
                "up --deny category:",
                "up --kafka-port 18080",
                "up --http-port 20000 --flink-port 20000",
                "demo --model typo",
                "train --model typo",
                "recommend",
                "recommend u1 u2",
                "recommend u1 --serving nowhere",
                "similar",
                "forget",
                "snapshot --timeout long",
                "snapshot show a b",
                "train --timeout long",
                "bench",
                "bench graph",
                "bench graph --data no-such-folder",
                "bench graph --data . --parallelism 0",
                "bench graph --data . --naive-events 0",
                "bench graph --data . --json no-such-folder/file.json",
                "bench train",
                "bench train --data no-such-folder",
                "bench train --data . --epochs 0",
                "bench train --data . --threads 0",
                "bench train --data . --json no-such-folder/file.json",
                "bench freshness",
                "bench freshness --data no-such-folder",
                "bench freshness --data . --rates 0",
                "bench freshness --data . --rates many",
                "bench freshness --data . --seconds 0",
                "bench freshness --data . --warm-up 0",
                "bench freshness --data . --checkpoint-interval 0s",
                "bench freshness --data . --model typo",
                "bench serve",
                "bench serve --data no-such-folder",
                "bench serve --data . --rates 1000,0",
                "bench serve --data . --json no-such-folder/file.json",
                "rollback",
                "rollback a b",
                "rollback v --timeout soon",
                "rollback v --serving nowhere",
                "models x",
                "explain",
                "explain u1",
                "replay",
                "replay --data no-such-folder",
                "replay --data . --events 1",
                "replay --data . --warm-up 1",
                "replay --data . --warm-up 0",
                "replay --data . --retrain-every -1",
                "replay --data . --speed 0",
                "replay --data . --model typo",
                "replay --data . --json no-such-folder/file.json",
                "replay --data . --plot no-such-folder/file.svg",
                "replay --data . --state src",
                "dmo",
            })
    void wrongUsageIsOneLineAndExitCode2(String line) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).startsWith("freshet").contains("; see freshet");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        run("recomend", "u1");

        assertThat(err.toString()).contains("recommend");
    }

    @Test
    void everyCommandExplainsItself() {
        for (Map.Entry<String, CommandLine> command :
                Freshet.commandLine().getSubcommands().entrySet()) {
            if (!command.getKey().equals("evaluate")) {
                assertThat(run(command.getKey(), "--help")).as(command.getKey()).isZero();
            }
            assertThat(command.getValue().getCommandSpec().usageMessage().description())
                    .as(command.getKey())
                    .isNotEmpty();
            for (CommandLine.Model.OptionSpec option :
                    command.getValue().getCommandSpec().options()) {
                assertThat(option.description())
                        .as(command.getKey() + " " + option.longestName())
                        .isNotEmpty();
            }
        }
        assertThat(err.toString()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"recommend u1", "similar i1", "explain u1 i1", "models"})
    void saysHowToStartServingWhereNoneAnswers(String line) {
        assertThat(run((line + " --serving http://127.0.0.1:1").split(" "))).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("serving does not answer", "freshet up", "--serving");
    }

    @ParameterizedTest
    @ValueSource(strings = {"forget u1", "forget --item i1", "train", "rollback v"})
    void saysHowToStartABrokerWhereNoneAnswers(String line) {
        assertThat(run((line + " --bootstrap 127.0.0.1:1").split(" "))).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("no broker answers at 127.0.0.1:1", "freshet up", "--bootstrap");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "forget",
                "forget u1 --item i1",
                "verify --data x --f-max none",
                "verify --data x --window 3",
                "verify --data x --content-exact 0",
                "up --f-max 0",
                "up --window 3",
                "topics --partitions 0",
                "topics --replication 0",
                "snapshot show --json --node x",
                "recommend ",
                "similar ",
                "rollback ",
                "explain u1 ",
                "bench graph --data x --checkpoint-interval soon"
            })
    void aWrongOptionIsOneLineAndExitCodeTwo(String line) {
        assertThat(run(line.split(" ", -1))).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void nothingRunsOnANewFolder() {
        assertThat(run("status", "--state", folder.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("nothing runs");

        assertThat(run("down", "--state", folder.toString())).isZero();
        assertThat(out.toString()).contains("nothing runs on " + folder);
    }

    @Test
    void statusIsPlainJson() {
        run("status", "--json", "--state", folder.toString());

        assertThat(out.toString()).isEqualToIgnoringWhitespace("{\"running\": false, \"ready\": false}");
    }

    @Test
    void demoRefusesAStateFolderThatItCannotWrite() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertThat(run("demo", "--for", "1s", "--state", file.resolve("state").toString()))
                .isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("cannot write to the state folder", "--state");
    }

    private int run(String... arguments) {
        return Freshet.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
