package dev.freshet.graphjob;

import dev.freshet.topic.SchemaTopic;
import java.io.Serializable;

/** Makes the schemas that were published known where an operator runs: its records and its state may be another version's. */
@FunctionalInterface
interface Schemas extends Serializable {

    void follow();

    /** Those of a broker. */
    static Schemas of(String bootstrap) {
        return () -> SchemaTopic.follow(bootstrap);
    }
}
