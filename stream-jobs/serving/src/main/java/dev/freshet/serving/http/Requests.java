package dev.freshet.serving.http;

import dev.freshet.topic.Intake;
import io.javalin.http.Context;
import java.util.regex.Pattern;

/** How the parameters of a request are read; one that breaks its rule is answered with 400. */
final class Requests {

    /** Most that one answer lists. */
    static final int MAX_LIMIT = 1000;

    private static final int MAX_SHOWN = 40;
    private static final Pattern BAD_ESCAPE = Pattern.compile("%(?![0-9A-Fa-f]{2})");

    private Requests() {}

    /** Refuses a query that cannot be decoded: its parameters would be taken for missing. */
    static void checkQuery(Context ctx) {
        String query = ctx.queryString();
        if (query != null && BAD_ESCAPE.matcher(query).find()) {
            throw ProblemException.badRequest(
                    "the query has a % without two hexadecimal digits after it; write %25 for one");
        }
    }

    /** An id: 1 to 512 characters. */
    static String id(String name, String id) {
        if (id.isBlank()) {
            throw ProblemException.badRequest("the " + name + " id is empty");
        }
        if (id.length() > Intake.MAX_ID_LENGTH) {
            throw ProblemException.badRequest("the " + name + " id has " + id.length() + " characters; at most "
                    + Intake.MAX_ID_LENGTH + " are allowed");
        }
        return id;
    }

    /** Text to search for; empty where it is missing. */
    static String text(Context ctx, String name) {
        String text = ctx.queryParam(name);
        if (text == null) {
            return "";
        }
        if (text.length() > Intake.MAX_ID_LENGTH) {
            throw ProblemException.badRequest(name + " has more than " + Intake.MAX_ID_LENGTH + " characters");
        }
        return text;
    }

    /** A whole number in the query. */
    static int number(Context ctx, String name, int byDefault, int min, int max) {
        String text = ctx.queryParam(name);
        return text == null ? byDefault : (int) number(name, text, min, max);
    }

    /** A whole number. */
    static long number(String name, String text, long min, long max) {
        try {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw ProblemException.badRequest(name + " is " + shortened(text) + "; it must be a whole number "
                + (max == Long.MAX_VALUE ? "of at least " + min : "from " + min + " to " + max));
    }

    static String shortened(String text) {
        return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
    }
}
