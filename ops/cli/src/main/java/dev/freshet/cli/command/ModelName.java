package dev.freshet.cli.command;

import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Name of a model that the trainer knows. */
public final class ModelName implements ITypeConverter<String> {

    /** The names; the trainer, whose classes this process does not load, has them too. */
    static final List<String> ALL =
            List.of("bm3", "da-mrs", "dragon", "freedom", "lightgcn", "margo", "mcdrec", "mf-bpr", "spumr", "vbpr");

    @Override
    public String convert(String name) {
        if (!ALL.contains(name)) {
            throw new TypeConversionException("no model " + name + "; the models are " + String.join(", ", ALL));
        }
        return name;
    }
}
