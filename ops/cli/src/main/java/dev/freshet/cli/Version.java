package dev.freshet.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of this build, from its jar. */
public final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Freshet.class.getPackage().getImplementationVersion();
        return new String[] {"freshet " + (version == null ? "(not from a jar)" : version)};
    }
}
