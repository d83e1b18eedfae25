package dev.freshet.serving.release;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The newest runs on the topic evaluations: their epochs, results and decisions; and what was published of evaluations on data sets. Thread-safe. */
public final class EvaluationLog {

    /** Runs that are kept, the newest. */
    public static final int KEPT = 200;

    private static final int MAX_CURVE = 500;

    /**
     * A run: a training, or the trainer's answer to a command.
     *
     * @param epochs its epochs, oldest first; the newest ones of a long run
     * @param result the finished model on the held-out slice, or null
     * @param decision whether it was released, or the command obeyed; null where nothing is decided yet
     */
    public record Run(String id, List<Evaluation> epochs, Evaluation result, Evaluation decision) {

        /** The newest word of the run. */
        public Evaluation newest() {
            return decision != null ? decision : result != null ? result : epochs.get(epochs.size() - 1);
        }

        /** Whether the trainer has said more than epochs. */
        public boolean finished() {
            return decision != null || result != null;
        }
    }

    /**
     * A result on a data set.
     *
     * @param offset where it lies on the topic
     */
    public record OnDataSet(long offset, Evaluation evaluation) {}

    /**
     * The newest models of a name that the gate has refused, one after the other, since it let one pass.
     *
     * @param count how many
     * @param newest the decision on the newest
     */
    public record Refusals(int count, Evaluation newest) {}

    private static final class Entry {
        private final Deque<Evaluation> epochs = new ArrayDeque<>();
        private Evaluation result;
        private Evaluation decision;
    }

    private final Map<String, Entry> runs = new LinkedHashMap<>();
    private final Map<String, OnDataSet> onDataSets = new LinkedHashMap<>();
    private String training;
    private String decided;
    private long count;

    /** Takes the record of the topic at an offset. */
    synchronized void take(long offset, Evaluation evaluation) {
        if (evaluation.getKind() == EvaluationKind.PREQUENTIAL) {
            return;
        }
        count++;
        if (evaluation.getKind() == EvaluationKind.OFFLINE && evaluation.getVersion() == null) {
            // What is published again is the newest.
            onDataSets.remove(evaluation.getRunId());
            onDataSets.put(evaluation.getRunId(), new OnDataSet(offset, evaluation));
            if (onDataSets.size() > KEPT) {
                onDataSets.remove(onDataSets.keySet().iterator().next());
            }
            return;
        }
        Entry run = runs.computeIfAbsent(evaluation.getRunId(), id -> new Entry());
        switch (evaluation.getKind()) {
            case EPOCH -> {
                training = evaluation.getRunId();
                run.epochs.addLast(evaluation);
                if (run.epochs.size() > MAX_CURVE) {
                    run.epochs.removeFirst();
                }
            }
            case OFFLINE -> run.result = evaluation;
            default -> {
                decided = evaluation.getRunId();
                run.decision = evaluation;
            }
        }
        if (runs.size() > KEPT) {
            runs.remove(runs.keySet().iterator().next());
        }
    }

    /** Number of records so far: where it has not risen, nothing has changed. */
    public synchronized long count() {
        return count;
    }

    /**
     * The newest runs, newest first, at most {@code limit}.
     *
     * @param before a run before which they began, or null; none began before one that is no longer kept
     */
    public synchronized List<Run> newest(String before, int limit) {
        List<String> ids = new ArrayList<>(runs.keySet());
        if (before != null) {
            ids = ids.subList(0, Math.max(0, ids.indexOf(before)));
        }
        Collections.reverse(ids);
        return ids.stream().limit(limit).map(id -> run(id, runs.get(id))).toList();
    }

    /**
     * The newest results on data sets, newest first, at most {@code limit}.
     *
     * @param before offset on the topic before which they lie
     */
    public synchronized List<OnDataSet> onDataSets(long before, int limit) {
        List<OnDataSet> found = new ArrayList<>(onDataSets.values());
        Collections.reverse(found);
        return found.stream()
                .filter(result -> result.offset() < before)
                .limit(limit)
                .toList();
    }

    /** What the gate has refused since it let something pass, by the model's name; of models that it has refused last. */
    public synchronized Map<String, Refusals> refusals() {
        Map<String, Refusals> refusals = new TreeMap<>();
        for (Entry run : runs.values()) {
            // The gate says by what it has judged; a training that was given up, or the answer to a command, does not.
            if (run.decision == null || run.decision.getMetrics().isEmpty()) {
                continue;
            }
            String model = run.decision.getModel();
            if (Boolean.TRUE.equals(run.decision.getAccepted())) {
                refusals.remove(model);
            } else {
                Refusals before = refusals.get(model);
                refusals.put(model, new Refusals(before == null ? 1 : before.count() + 1, run.decision));
            }
        }
        return refusals;
    }

    /** One run. */
    public synchronized Optional<Run> of(String id) {
        return Optional.ofNullable(runs.get(id)).map(entry -> run(id, entry));
    }

    /** The run of the newest epoch. */
    public synchronized Optional<Run> training() {
        return training == null ? Optional.empty() : of(training);
    }

    /** The run of the newest decision. */
    public synchronized Optional<Run> decided() {
        return decided == null ? Optional.empty() : of(decided);
    }

    private static Run run(String id, Entry entry) {
        return new Run(id, List.copyOf(entry.epochs), entry.result, entry.decision);
    }
}
