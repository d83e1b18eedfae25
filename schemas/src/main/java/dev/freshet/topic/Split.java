package dev.freshet.topic;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which model recommends to whom: users are split over arms by a hash of their id, and each arm is served by the releases of one model.
 * Without a split there is a single arm, {@value #ALL}, that takes the newest release of whatever model.
 *
 * <p>A user's place is in [0, 1): the first 53 bits of SHA-256 of the UTF-8 text {@code salt:user}, over 2⁵³. The arms, by name, divide that interval
 * in proportion to their weights. So every process that is told the same split and salt, in whatever order, finds the same arm, now and after a restart;
 * and where weights change, only as many users move as must.
 */
public final class Split {

    /** Name of the single arm where users are not split. */
    public static final String ALL = "all";

    /** The salt unless another is asked for. */
    public static final String SALT = "freshet";

    /** Everyone in one arm. */
    public static final Split NONE = new Split(Map.of(ALL, BigDecimal.ONE), SALT, false);

    private static final Pattern ARM = Pattern.compile("([a-z][a-z0-9-]*)=(\\d{1,9}(\\.\\d{1,9})?)");
    private static final int BITS = 53;

    /**
     * A part of the users.
     *
     * @param name name of the model that serves it, or {@value #ALL}
     * @param share share of the users, above 0, at most 1
     */
    public record Arm(String name, double share) {}

    private final List<Arm> arms;
    private final double[] ends;
    private final String text;
    private final byte[] prefix;
    private final boolean splits;
    private final long id;

    private Split(Map<String, BigDecimal> weights, String salt, boolean splits) {
        Map<String, BigDecimal> byName = new TreeMap<>(weights);
        double sum =
                byName.values().stream().mapToDouble(BigDecimal::doubleValue).sum();
        List<Arm> parts = new ArrayList<>();
        byName.forEach((name, weight) -> parts.add(new Arm(name, weight.doubleValue() / sum)));
        this.arms = List.copyOf(parts);
        this.ends = new double[arms.size()];
        double end = 0;
        for (int arm = 0; arm < ends.length; arm++) {
            end += arms.get(arm).share();
            ends[arm] = end;
        }
        // Sums of doubles may end a little below.
        ends[ends.length - 1] = 1;
        this.text = byName.entrySet().stream()
                .map(entry -> entry.getKey()
                        + '='
                        + entry.getValue().stripTrailingZeros().toPlainString())
                .collect(Collectors.joining(","));
        this.prefix = (salt + ':').getBytes(StandardCharsets.UTF_8);
        this.splits = splits;
        this.id = ByteBuffer.wrap(sha256((salt + ':' + text).getBytes(StandardCharsets.UTF_8)))
                .getLong();
    }

    /**
     * A split as people write it.
     *
     * @param text models with the weights of their arms: {@code spumr=80,lightgcn=20}
     * @param salt another one assigns all users anew
     * @throws IllegalArgumentException if it is none, in words
     */
    public static Split of(String text, String salt) {
        Map<String, BigDecimal> weights = new TreeMap<>();
        for (String part : text.split(",", -1)) {
            Matcher arm = ARM.matcher(part.strip());
            if (!arm.matches()) {
                throw new IllegalArgumentException(
                        "'" + part + "' is no MODEL=WEIGHT; write it like spumr=80,lightgcn=20");
            }
            BigDecimal weight = new BigDecimal(arm.group(2));
            if (weight.signum() == 0) {
                throw new IllegalArgumentException(arm.group(1) + " has the weight 0; leave it out");
            }
            if (arm.group(1).equals(ALL)) {
                throw new IllegalArgumentException("'" + ALL + "' is no model: it names the users who are not split");
            }
            if (weights.put(arm.group(1), weight) != null) {
                throw new IllegalArgumentException(arm.group(1) + " comes twice");
            }
        }
        return new Split(weights, salt, true);
    }

    /** The arms, by name. */
    public List<Arm> arms() {
        return arms;
    }

    /** Whether users are split, be it that all go to one model. */
    public boolean splits() {
        return splits;
    }

    /** Place among {@link #arms} of a user's arm. */
    public int arm(String user) {
        if (ends.length == 1) {
            return 0;
        }
        byte[] id = user.getBytes(StandardCharsets.UTF_8);
        byte[] salted = new byte[prefix.length + id.length];
        System.arraycopy(prefix, 0, salted, 0, prefix.length);
        System.arraycopy(id, 0, salted, prefix.length, id.length);
        double place = (ByteBuffer.wrap(sha256(salted)).getLong() >>> (Long.SIZE - BITS)) * 0x1p-53;
        int arm = 0;
        while (place >= ends[arm]) {
            arm++;
        }
        return arm;
    }

    /** Name of the arm that a model's releases serve; it need not be one of {@link #arms}. */
    public String armOf(String model) {
        return splits ? model : ALL;
    }

    /** Whether a model's releases serve anyone. */
    public boolean serves(String model) {
        return indexOf(armOf(model)) >= 0;
    }

    /** Place of an arm by its name, or -1. */
    public int indexOf(String name) {
        return IntStream.range(0, arms.size())
                .filter(arm -> arms.get(arm).name().equals(name))
                .findFirst()
                .orElse(-1);
    }

    /** Place of the arm with the most users, the first by name of equal ones: what the others are compared with. */
    public int control() {
        return IntStream.range(0, arms.size())
                .boxed()
                .max(Comparator.comparingDouble((Integer arm) -> arms.get(arm).share())
                        .thenComparing(Comparator.<Integer>reverseOrder()))
                .orElseThrow();
    }

    /** A number that another assignment of users, or other models, do not share. */
    public long id() {
        return id;
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The split as {@link #of} reads it, arms by name; {@value #ALL} alone where users are not split. */
    @Override
    public String toString() {
        return splits ? text : ALL;
    }
}
