package dev.freshet.codec;

import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.PrimitivesArrays;

/** Vectors of records as arrays and back, without a box per number. */
public final class Vectors {

    private static final Schema SCHEMA = Schema.createArray(Schema.create(Schema.Type.FLOAT));

    private Vectors() {}

    /** The vector of a record as a new array. */
    public static float[] toArray(List<Float> vector) {
        float[] values = new float[vector.size()];
        if (vector instanceof PrimitivesArrays.FloatArray floats) {
            for (int d = 0; d < values.length; d++) {
                values[d] = floats.getFloat(d);
            }
        } else {
            for (int d = 0; d < values.length; d++) {
                values[d] = vector.get(d);
            }
        }
        return values;
    }

    /** An array as the vector of a record; a copy. */
    public static List<Float> toList(float... values) {
        PrimitivesArrays.FloatArray vector = new PrimitivesArrays.FloatArray(values.length, SCHEMA);
        for (float value : values) {
            vector.add(value);
        }
        return vector;
    }
}
