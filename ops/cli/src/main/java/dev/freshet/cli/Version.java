package dev.freshet.cli;

import dev.freshet.topic.BuildVersion;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
public final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {"freshet " + BuildVersion.current()};
    }
}
