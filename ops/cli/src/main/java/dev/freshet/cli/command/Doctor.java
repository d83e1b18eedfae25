package dev.freshet.cli.command;

import com.sun.management.OperatingSystemMXBean;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.RunFile;
import dev.freshet.process.Installation;
import dev.freshet.process.Ports;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.module.ModuleFinder;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Examines the machine: whether the local cluster can run on it. */
final class Doctor {

    /** What a check says. */
    enum Verdict {
        OK,
        WARN,
        FAIL
    }

    /** A finding; the remedy is null where none is needed. */
    record Check(String name, Verdict verdict, String found, String remedy) {}

    private static final long GIB = 1L << 30;

    private final ClusterOptions options;
    private final List<Part> parts;
    private final List<Check> checks = new ArrayList<>();

    Doctor(ClusterOptions options, List<Part> parts) {
        this.options = options;
        this.parts = parts;
    }

    List<Check> examine() {
        java();
        cores();
        memory();
        boolean writable = stateFolder();
        if (writable) {
            disk();
        }
        ports();
        jars();
        nativeLibraries();
        return List.copyOf(checks);
    }

    private void ok(String name, String found) {
        checks.add(new Check(name, Verdict.OK, found, null));
    }

    private void warn(String name, String found, String remedy) {
        checks.add(new Check(name, Verdict.WARN, found, remedy));
    }

    private void fail(String name, String found, String remedy) {
        checks.add(new Check(name, Verdict.FAIL, found, remedy));
    }

    private void java() {
        // An older one would not have come here: 'freshet' refuses it.
        ok(
                "java",
                Runtime.version() + " (" + System.getProperty("java.vendor") + ") in "
                        + System.getProperty("java.home"));
        if (ModuleLayer.boot().findModule("jdk.unsupported").isEmpty()
                || ModuleFinder.ofSystem().find("jdk.incubator.vector").isEmpty()) {
            fail(
                    "vector API",
                    "this Java lacks the module jdk.incubator.vector",
                    "use a full JDK rather than a trimmed runtime");
        } else {
            ok("vector API", "module jdk.incubator.vector");
        }
    }

    private void cores() {
        int cores = Runtime.getRuntime().availableProcessors();
        if (cores < 2) {
            warn("cores", Integer.toString(cores), "the loop runs, slowly; give it 2 or more");
        } else {
            ok("cores", Integer.toString(cores));
        }
    }

    private void memory() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long total = system.getTotalMemorySize();
        String found = String.format(Locale.ROOT, "%.1f GiB", (double) total / GIB);
        if (total < 4 * GIB) {
            fail("memory", found, "the loop takes up to 6 GiB; use a machine or container with 8");
        } else if (total < 7 * GIB) {
            warn("memory", found, "the loop takes up to 6 GiB; close other programs, or use a machine with 8");
        } else {
            ok("memory", found);
        }
    }

    private boolean stateFolder() {
        Path state = options.state();
        try {
            Files.createDirectories(state);
            Files.delete(Files.createTempFile(state, "doctor", ".tmp"));
            ok("state folder", state + " can be written");
            return true;
        } catch (IOException e) {
            fail("state folder", "cannot write to " + state + " (" + e + ")", "choose another folder with --state");
            return false;
        }
    }

    private void disk() {
        try {
            long free = Files.getFileStore(options.state()).getUsableSpace();
            String found = String.format(Locale.ROOT, "%.1f GiB free in %s", (double) free / GIB, options.state());
            if (free < GIB / 2) {
                fail("disk", found, "free some space, or choose another folder with --state");
            } else if (free < 5 * GIB) {
                warn("disk", found, "enough to start with; data sets and snapshots take some GiB");
            } else {
                ok("disk", found);
            }
        } catch (IOException e) {
            fail("disk", "cannot ask for the free space: " + e, "choose another folder with --state");
        }
    }

    private void ports() {
        Optional<RunFile.Content> running;
        try {
            running = RunFile.running(options.state());
        } catch (IOException e) {
            running = Optional.empty();
        }
        for (Part part : parts) {
            for (Part.PortUse use : part.ports(options)) {
                String name = "port " + use.port();
                if (Ports.isFree(use.port())) {
                    ok(name, "free for " + use.purpose());
                } else if (running.isPresent()) {
                    ok(name, "in use while the loop runs (pid " + running.get().pid() + ")");
                } else {
                    fail(
                            name,
                            "taken by another program; " + use.purpose() + " needs it",
                            "stop that program, or choose another port with " + use.option() + " or --port-base");
                }
            }
        }
    }

    private void jars() {
        List<String> missing = new ArrayList<>();
        for (Part part : parts) {
            try {
                Installation.find().jars(part.folder());
            } catch (IllegalStateException e) {
                missing.add(part.folder());
            }
        }
        if (missing.isEmpty()) {
            ok("build", "every part is built");
        } else {
            fail("build", "not built: " + String.join(", ", missing), "run ./mvnw package -DskipTests");
        }
    }

    private void nativeLibraries() {
        nativeLibrary("zstd", null, "com.github.luben.zstd.util.Native", "load");
        nativeLibrary("RocksDB (serving)", Part.SERVING, "org.rocksdb.RocksDB", "loadLibrary");
        nativeLibrary("RocksDB (Flink)", Part.GRAPH_JOB, "org.rocksdb.RocksDB", "loadLibrary");
        pytorch();
    }

    /** Loads a native library as the part would, in a class loader of its own. */
    private void nativeLibrary(String name, Part part, String className, String method) {
        try (URLClassLoader loader =
                part == null ? null : new URLClassLoader(urls(part), ClassLoader.getPlatformClassLoader())) {
            Class.forName(className, true, loader == null ? Doctor.class.getClassLoader() : loader)
                    .getMethod(method)
                    .invoke(null);
            ok(name, "loads");
        } catch (IOException | ReflectiveOperationException | LinkageError | IllegalStateException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            fail(
                    name,
                    "does not load: " + cause,
                    "use a 64-bit Linux with glibc or macOS, and a temporary folder ("
                            + System.getProperty("java.io.tmpdir") + ") that programs may run from");
        }
    }

    private static URL[] urls(Part part) throws IOException {
        List<URL> urls = new ArrayList<>();
        try (DirectoryStream<Path> jars =
                Files.newDirectoryStream(Installation.find().jars(part.folder()), "*.jar")) {
            for (Path jar : jars) {
                urls.add(jar.toUri().toURL());
            }
        }
        return urls.toArray(URL[]::new);
    }

    /** By its jar: loading it would unpack half a gigabyte. */
    private void pytorch() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        String platform = (os.startsWith("mac") ? "osx" : os.startsWith("windows") ? "win" : "linux") + "-"
                + (arch.equals("amd64") ? "x86_64" : arch);
        var pattern = FileSystems.getDefault().getPathMatcher("glob:pytorch-native-*" + platform + ".jar");
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(
                Installation.find().jars(Part.TRAINER.folder()), jar -> pattern.matches(jar.getFileName()))) {
            if (jars.iterator().hasNext()) {
                ok("PyTorch", "native library for " + platform);
            } else if (System.getenv("PYTORCH_LIBRARY_PATH") != null) {
                ok("PyTorch", "from PYTORCH_LIBRARY_PATH");
            } else {
                warn(
                        "PyTorch",
                        "no native library for " + platform + " in the build",
                        "DJL fetches it at the first training; without a network, set PYTORCH_LIBRARY_PATH to a libtorch 2.7.1");
            }
        } catch (IOException | IllegalStateException e) {
            fail("PyTorch", e.getMessage(), "run ./mvnw package -DskipTests");
        }
    }
}
