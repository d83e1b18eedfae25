/** The loop as a picture: a card for each stage, and between them the streams, which move when something flows. */

import { el, icon, svg } from "./dom.js";
import { ago, count, metric, millis, percent, rate } from "./format.js";

const POINTS = 60;

/** From, to, and where the lines leave and arrive, as shares of a card's side. */
const STREAMS = [
  ["events", "serving", { leave: 0.35, arrive: 0.3 }],
  ["events", "graph"],
  ["graph", "serving", { leave: 0.5, arrive: 0.72 }],
  ["graph", "snapshot"],
  ["snapshot", "trainer"],
  ["trainer", "release"],
  ["release", "serving"],
  ["serving", "recommendations"],
];

/** A card that keeps its elements and changes their text alone. */
class Stage {
  constructor(key, title) {
    this.figure = el("p", { class: "figure" }, "–");
    this.note = el("p", { class: "note" });
    this.foot = el("div", { class: "stage-foot" });
    this.element = el("li", { class: "stage card", id: `stage-${key}` },
      el("h2", { class: "stage-name" }, icon(key), title), this.figure, this.note, this.foot);
  }

  show(figure, unit, note) {
    this.figure.replaceChildren(figure, unit ? el("small", {}, unit) : "");
    this.note.replaceChildren(...[note].flat().filter(Boolean).flatMap((line, n) => (n ? [el("br"), line] : [line])));
  }

  bar(label, done, total) {
    if (!this.fill) {
      this.fill = el("span");
      this.track = el("div", { class: "bar", role: "progressbar", "aria-valuemin": 0 }, this.fill);
    }
    this.track.setAttribute("aria-label", label);
    this.track.setAttribute("aria-valuemax", total);
    this.track.setAttribute("aria-valuenow", done);
    this.fill.style.width = `${total ? Math.min(100, (100 * done) / total) : 0}%`;
    if (!this.track.isConnected) this.foot.replaceChildren(this.track);
  }

  noBar() {
    if (this.track?.isConnected) this.foot.replaceChildren();
  }
}

/** The rates of the last minute as a line. */
class Spark {
  constructor() {
    this.values = [];
    this.area = svg("path", { class: "area" });
    this.line = svg("path", {});
    this.element = svg("svg", { class: "spark", viewBox: `0 0 ${POINTS - 1} 20`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.line);
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > POINTS) this.values.shift();
    const top = Math.max(...this.values, 1);
    const left = POINTS - this.values.length;
    const points = this.values.map((v, n) => `${left + n} ${(19 - (17 * v) / top).toFixed(2)}`);
    this.line.setAttribute("d", `M${points.join("L")}`);
    this.area.setAttribute("d", `M${left} 20L${points.join("L")}L${POINTS - 1} 20Z`);
  }
}

/** The lines between the cards, drawn anew when the cards move. */
class Streams {
  constructor(root, stages) {
    this.root = root;
    this.stages = stages;
    this.svg = svg("svg", { class: "streams", "aria-hidden": "true" });
    this.paths = new Map();
    for (const [from, to] of [...STREAMS.map(([a, b]) => [a, b]), ["recommendations", "events"]]) {
      const bed = svg("path", { class: "bed" });
      const water = svg("path", { class: "water" });
      this.paths.set(`${from} ${to}`, { bed, water });
      this.svg.append(bed, water);
    }
    root.prepend(this.svg);
    this.sizes = new ResizeObserver(() => this.lay());
    this.sizes.observe(root);
  }

  lay() {
    const box = this.root.getBoundingClientRect();
    const rect = (key) => {
      const r = this.stages[key].element.getBoundingClientRect();
      return { left: r.left - box.left, top: r.top - box.top, right: r.right - box.left, bottom: r.bottom - box.top, width: r.width, height: r.height };
    };
    const oneColumn = rect("events").left === rect("serving").left;
    this.svg.classList.toggle("hidden", oneColumn);
    for (const [from, to, at = {}] of STREAMS) this.put(`${from} ${to}`, between(rect(from), rect(to), at));
    this.put("recommendations events", back(rect("recommendations"), rect("events")));
  }

  put(key, d) {
    const { bed, water } = this.paths.get(key);
    bed.setAttribute("d", d);
    water.setAttribute("d", d);
  }

  flow(key, moving) {
    this.paths.get(key).water.classList.toggle("moving", moving);
  }
}

function between(a, b, { leave = 0.5, arrive = 0.5 }) {
  if (b.left >= a.right) {
    const y1 = a.top + leave * a.height;
    const y2 = b.top + arrive * b.height;
    const middle = (a.right + b.left) / 2;
    return `M${a.right} ${y1}C${middle} ${y1} ${middle} ${y2} ${b.left} ${y2}`;
  }
  const down = b.top >= a.bottom;
  const y1 = down ? a.bottom : a.top;
  const y2 = down ? b.top : b.bottom;
  return `M${a.left + a.width / 2} ${y1}L${b.left + b.width / 2} ${y2}`;
}

/** What people do next: over the top, back to the beginning. */
function back(a, b) {
  const top = a.top - 26;
  const [x1, x2] = [a.left + a.width / 2, b.left + b.width / 2];
  return `M${x1} ${a.top}V${top + 16}Q${x1} ${top} ${x1 - 16} ${top}H${x2 + 16}Q${x2} ${top} ${x2} ${top + 16}V${b.top}`;
}

export class Loop {
  constructor() {
    const stage = (key, title) => new Stage(key, title);
    this.stages = {
      events: stage("events", "Events"),
      graph: stage("graph", "Graph job"),
      snapshot: stage("snapshot", "Snapshot"),
      trainer: stage("trainer", "Trainer"),
      release: stage("release", "Model in force"),
      serving: stage("serving", "Serving"),
      recommendations: stage("recommendations", "Recommendations"),
    };
    this.eventsSpark = new Spark();
    this.recommendationsSpark = new Spark();
    this.stages.events.foot.append(this.eventsSpark.element);
    this.stages.recommendations.foot.append(this.recommendationsSpark.element);
    this.list = el("ol", { class: "stages", "aria-label": "The loop" }, ...Object.values(this.stages).map((each) => each.element));
    this.element = el("div", { class: "loop" }, el("p", { class: "back" }, "what people do next"), this.list);
    this.streams = new Streams(this.element, this.stages);
  }

  close() {
    this.streams.sizes.disconnect();
  }

  update(status) {
    const { events, serving, recommendations } = this.stages;
    const moving = status.events.perSecond > 0;
    events.show(rate(status.events.perSecond), "per second",
      [`${count(status.events.total)} since the start`, `${count(status.users)} users, ${count(status.items)} items`]);
    this.eventsSpark.add(status.events.perSecond);
    serving.show(status.events.total > 0 ? millis(status.freshnessMillis.p50) : "–", "event to list",
      [`median; 99 % within ${status.events.total > 0 ? millis(status.freshnessMillis.p99) : "–"}`,
        status.lag > 0 ? `${count(status.lag)} events wait` : "no event waits"]);
    recommendations.show(rate(status.recommendations.perSecond), "lists per second", [`${count(status.recommendations.total)} since the start`]);
    this.recommendationsSpark.add(status.recommendations.perSecond);
    const listing = status.recommendations.perSecond > 0;
    this.streams.flow("events serving", moving);
    this.streams.flow("events graph", moving);
    this.streams.flow("serving recommendations", listing);
    this.streams.flow("recommendations events", moving && listing);
    this.showGraph(status, moving);
    this.showSnapshot(status.snapshot);
    this.showTraining(status.training);
    this.showRelease(status);
  }

  showGraph(status, moving) {
    const graphs = Object.values(status.graphs);
    const edges = graphs.reduce((sum, size) => sum + size.edges, 0);
    this.stages.graph.show(count(edges), "edges", graphs.length ? `in ${graphs.length} live ${graphs.length === 1 ? "graph" : "graphs"}` : "no neighbors yet");
    this.streams.flow("graph serving", moving && graphs.length > 0);
  }

  showSnapshot(snapshot) {
    if (!snapshot) {
      this.stages.snapshot.show("–", "", "none yet");
      return;
    }
    this.stages.snapshot.show(ago(snapshot.createdAt), "",
      [`${count(snapshot.counts.interactions ?? 0)} interactions`, snapshot.behind >= 0 && `${count(snapshot.behind)} events since`]);
    const fresh = Date.now() - Date.parse(snapshot.createdAt) < 60_000;
    this.streams.flow("graph snapshot", fresh);
  }

  showTraining(training) {
    const stage = this.stages.trainer;
    this.streams.flow("snapshot trainer", Boolean(training?.running));
    if (!training) {
      stage.show("–", "", "waits for a snapshot");
      return;
    }
    const figures = Object.entries(training.metrics).filter(([name]) => /loss|recall@20/.test(name)).sort()
      .map(([name, value]) => `${name} ${metric(value)}`).join(", ");
    stage.show(training.running ? `${training.epoch}${training.epochs ? ` / ${training.epochs}` : ""}` : training.model,
      training.running ? "epochs" : "",
      [training.running ? `${training.model} in training` : `trained ${ago(training.at)}, ${training.epoch} epochs`, figures]);
    if (training.running && training.epochs) stage.bar("Training", training.epoch, training.epochs);
    else stage.noBar();
  }

  showRelease(status) {
    const { model, loading, rescoring } = status;
    const stage = this.stages.release;
    const remaining = rescoring.total - rescoring.done;
    this.streams.flow("trainer release", Boolean(loading));
    this.streams.flow("release serving", Boolean(loading) || remaining > 0);
    if (loading) {
      stage.show(model ? model.model : "first", "", `reading ${loading.version}`);
      stage.bar("Reading the release", loading.read, loading.total);
      return;
    }
    if (!model) {
      stage.show("–", "", "no model yet: neighbors and popularity recommend");
      stage.noBar();
      return;
    }
    stage.show(status.arms.length > 1 ? `${status.arms.length} arms` : model.model, "",
      [`released ${ago(model.releasedAt)}${status.modelBehind >= 0 ? `, ${count(status.modelBehind)} events since its snapshot` : ""}`,
        remaining > 0 ? `re-scoring: ${count(rescoring.done)} of ${count(rescoring.total)} users`
          : status.arms.length > 1 ? status.arms.map((arm) => `${arm.arm} ${percent(arm.share)}`).join(", ")
          : `recall@20 ${metric(model.metrics["recall@20"])}, ndcg@20 ${metric(model.metrics["ndcg@20"])}`]);
    if (remaining > 0) stage.bar("Re-scoring users", rescoring.done, rescoring.total);
    else stage.noBar();
  }
}
