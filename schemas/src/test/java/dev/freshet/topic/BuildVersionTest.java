package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class BuildVersionTest {

    private static Properties git(String commit, String dirty) {
        Properties git = new Properties();
        git.setProperty("git.commit.id.abbrev", commit);
        git.setProperty("git.dirty", dirty);
        return git;
    }

    @Test
    void theCommitFollowsTheVersion() {
        assertThat(BuildVersion.of("0.1.0", git("1a2b3c4d5e6f", "false"))).isEqualTo("0.1.0+1a2b3c4d5e6f");
        assertThat(BuildVersion.of("0.1.0", git("1a2b3c4d5e6f", "true"))).isEqualTo("0.1.0+1a2b3c4d5e6f-dirty");
        assertThat(BuildVersion.of("0.1.0", new Properties())).isEqualTo("0.1.0");
        assertThat(BuildVersion.of(null, new Properties())).isEqualTo("development");
    }

    @Test
    void aBuildOfARepositoryHasItsCommit() {
        assertThat(BuildVersion.current())
                .matches(Files.exists(Path.of("..", ".git")) ? "development\\+[0-9a-f]{12}(-dirty)?" : "development");
    }
}
