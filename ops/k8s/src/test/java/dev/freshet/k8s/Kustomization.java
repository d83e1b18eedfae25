package dev.freshet.k8s;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What kustomize makes of a folder, for machines that lack it: by as much of its rules as the folders here use, and what they do not use is
 * refused. {@code ManifestsTest} holds it against the real one where that is installed.
 */
final class Kustomization {

    private static final String FILE = "kustomization.yaml";
    private static final Set<String> FIELDS =
            Set.of("apiVersion", "kind", "resources", "components", "patches", "images");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The folder, and those that lead to it. */
    private final List<Path> roots;

    private final List<ObjectNode> documents = new ArrayList<>();

    private Kustomization(List<Path> roots) {
        this.roots = roots;
    }

    /**
     * The documents of a folder, its patches applied.
     *
     * @throws IllegalStateException if kustomize would refuse it, or a patch or an image changes nothing
     * @throws IOException if a file cannot be read
     */
    static List<ObjectNode> build(Path folder) throws IOException {
        Kustomization kustomization = new Kustomization(List.of(folder.normalize()));
        kustomization.read("Kustomization");
        return kustomization.documents;
    }

    /** The documents of a text. */
    static List<JsonNode> parse(String yaml) {
        List<JsonNode> parsed = new ArrayList<>();
        new Yaml(new SafeConstructor(new LoaderOptions()))
                .loadAll(yaml)
                .forEach(document -> parsed.add(JSON.valueToTree(document)));
        return parsed;
    }

    /** A document among others. */
    static String id(JsonNode document) {
        return document.path("kind").asText() + " "
                + document.path("metadata").path("name").asText();
    }

    private Path root() {
        return roots.get(roots.size() - 1);
    }

    private void read(String kind) throws IOException {
        Path file = root().resolve(FILE);
        require(Files.isRegularFile(file), root() + " has no " + FILE);
        JsonNode kustomization = parse(Files.readString(file)).get(0);
        kustomization.fieldNames().forEachRemaining(field -> require(FIELDS.contains(field), file + ": " + field));
        require(kustomization.path("kind").asText().equals(kind), root() + " is no " + kind);
        for (JsonNode resource : kustomization.path("resources")) {
            Path path = root().resolve(resource.asText()).normalize();
            if (Files.isDirectory(path)) {
                Kustomization entered = enter(path);
                entered.read("Kustomization");
                add(entered.documents);
            } else {
                add(parse(content(resource.asText())));
            }
        }
        for (JsonNode component : kustomization.path("components")) {
            Kustomization entered = enter(root().resolve(component.asText()).normalize());
            entered.documents.addAll(documents);
            entered.read("Component");
            documents.clear();
            add(entered.documents);
        }
        for (JsonNode patch : kustomization.path("patches")) {
            patch(patch);
        }
        for (JsonNode image : kustomization.path("images")) {
            String name = image.path("name").asText();
            long changed = documents.stream()
                    .mapToLong(
                            document -> tag(document, name, image.path("newTag").asText()))
                    .sum();
            require(changed > 0, "no image is called " + name);
        }
    }

    private Kustomization enter(Path folder) {
        for (Path visited : roots) {
            require(!visited.startsWith(folder), "cycle detected: " + folder + " contains " + visited);
        }
        List<Path> chain = new ArrayList<>(roots);
        chain.add(folder);
        return new Kustomization(chain);
    }

    private String content(String name) throws IOException {
        Path file = root().resolve(name).normalize();
        require(file.startsWith(root()), file + " is not in or below " + root());
        require(Files.isRegularFile(file), file + " does not exist");
        return Files.readString(file);
    }

    private void add(List<? extends JsonNode> more) {
        for (JsonNode document : more) {
            require(find(id(document)) == null, id(document) + " is there twice");
            documents.add((ObjectNode) document);
        }
    }

    private ObjectNode find(String id) {
        return documents.stream()
                .filter(document -> id(document).equals(id))
                .findFirst()
                .orElse(null);
    }

    private void patch(JsonNode patch) throws IOException {
        JsonNode target = patch.path("target");
        for (JsonNode change : parse(content(patch.path("path").asText()))) {
            String id = target.isMissingNode()
                    ? id(change)
                    : target.path("kind").asText() + " " + target.path("name").asText();
            ObjectNode document = find(id);
            require(document != null, root() + " patches " + id + ", which is not there");
            if (change.isArray()) {
                change.forEach(operation -> apply(document, operation));
            } else {
                merge(document, (ObjectNode) change);
            }
        }
    }

    /** An operation of a JSON patch (RFC 6902). */
    private static void apply(ObjectNode document, JsonNode operation) {
        require(operation.path("op").asText().equals("add"), operation.toString());
        String path = operation.path("path").asText();
        int last = path.lastIndexOf('/');
        JsonNode parent = document.at(path.substring(0, last));
        String key = path.substring(last + 1);
        if (parent instanceof ArrayNode array && key.equals("-")) {
            array.add(operation.get("value"));
        } else if (parent instanceof ObjectNode object) {
            object.set(key, operation.get("value"));
        } else {
            throw new IllegalStateException(id(document) + " has no " + path);
        }
    }

    /** A strategic merge: of lists whose entries have names, those of the same name. */
    private static void merge(ObjectNode into, ObjectNode change) {
        change.properties().forEach(field -> {
            JsonNode before = into.get(field.getKey());
            JsonNode value = field.getValue();
            if (before instanceof ObjectNode object && value.isObject()) {
                merge(object, (ObjectNode) value);
            } else if (before instanceof ArrayNode list && value.path(0).has("name")) {
                value.forEach(entry -> mergeNamed(list, (ObjectNode) entry));
            } else {
                into.set(field.getKey(), value);
            }
        });
    }

    private static void mergeNamed(ArrayNode list, ObjectNode change) {
        for (JsonNode entry : list) {
            if (entry.path("name").equals(change.get("name"))) {
                merge((ObjectNode) entry, change);
                return;
            }
        }
        list.add(change);
    }

    /** Sets the tag of an image, wherever it is used; how often that is. */
    private static long tag(JsonNode node, String name, String tag) {
        long found = 0;
        if (node instanceof ObjectNode object
                && object.path("image").asText().split(":")[0].equals(name)) {
            object.put("image", name + ":" + tag);
            found++;
        }
        for (JsonNode child : node) {
            found += tag(child, name, tag);
        }
        return found;
    }

    private static void require(boolean good, String otherwise) {
        if (!good) {
            throw new IllegalStateException(otherwise);
        }
    }
}
