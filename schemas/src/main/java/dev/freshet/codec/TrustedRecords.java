package dev.freshet.codec;

import org.apache.avro.util.ClassSecurityValidator;

/** Lets Avro instantiate Freshet's generated records, and nothing else that a schema may name. */
public final class TrustedRecords {

    private static final String PACKAGE = "dev.freshet.schema";

    private TrustedRecords() {}

    /** To be called before the first generated record is decoded in this process; the codecs do. */
    public static void install() {
        ClassSecurityValidator.setGlobal(ClassSecurityValidator.composite(
                ClassSecurityValidator.DEFAULT, type -> PACKAGE.equals(type.getPackageName())));
    }
}
