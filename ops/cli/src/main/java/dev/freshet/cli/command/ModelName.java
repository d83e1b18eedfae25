package dev.freshet.cli.command;

import dev.freshet.topic.ModelNames;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Name of a model that the trainer knows. */
public final class ModelName implements ITypeConverter<String> {

    @Override
    public String convert(String name) {
        try {
            ModelNames.require(name);
            return name;
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
