/** The loop as a picture: one card per stage, with live numbers. */

import { el, svg } from "./dom.js";
import { ago, count, metric, millis, rate } from "./format.js";

const POINTS = 60;

const ICONS = {
  events: "M4 12h4l2-6 4 12 2-6h4",
  graph: "M6 7a2 2 0 1 0 .01 0M18 6a2 2 0 1 0 .01 0M12 17a2 2 0 1 0 .01 0M8 8.5l3 7M16.8 8l-3.6 7.4M8 8.6l8-1",
  snapshot: "M4 8h4l1.5-2h5L16 8h4v11H4zM12 10.5a3 3 0 1 0 .01 0",
  trainer: "M4 19V5M4 19h16M7 14l4-4 3 2 5-6",
  release: "M12 4l7 4v8l-7 4-7-4V8zM5 8l7 4 7-4M12 12v8",
  recommendations: "M12 5l2.1 4.4 4.9.7-3.5 3.4.8 4.8L12 16l-4.3 2.3.8-4.8L5 10.1l4.9-.7z",
};

function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", fill: "none", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }));
}

/** A card that keeps its elements and changes their text alone. */
class Stage {
  constructor(key, title) {
    this.figure = el("p", { class: "figure" }, "–");
    this.note = el("p", { class: "stage-note" });
    this.foot = el("div", { class: "stage-foot" });
    this.element = el("li", { class: "stage card", id: `stage-${key}` },
      el("h2", { class: "stage-name" }, icon(key), title), this.figure, this.note, this.foot);
  }

  show(figure, unit, note, flowing) {
    this.figure.replaceChildren(figure, unit ? el("small", {}, unit) : "");
    this.note.replaceChildren(...[note].flat().flatMap((line, n) => (n ? [el("br"), line] : [line])));
    this.element.classList.toggle("flowing", Boolean(flowing));
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

export class Loop {
  constructor(root) {
    this.events = new Stage("events", "Events");
    this.graph = new Stage("graph", "Graph");
    this.snapshot = new Stage("snapshot", "Snapshot");
    this.trainer = new Stage("trainer", "Trainer");
    this.release = new Stage("release", "Release");
    this.recommendations = new Stage("recommendations", "Recommendations");
    this.eventsSpark = new Spark();
    this.recommendationsSpark = new Spark();
    this.events.foot.append(this.eventsSpark.element);
    this.recommendations.foot.append(this.recommendationsSpark.element);
    root.append(...[this.events, this.graph, this.snapshot, this.trainer, this.release, this.recommendations].map((stage) => stage.element));
  }

  update(status) {
    const moving = status.events.perSecond > 0;
    this.events.show(rate(status.events.perSecond), "per second",
      [`${count(status.events.total)} since the start`, `${count(status.users)} users, ${count(status.items)} items`], moving);
    this.eventsSpark.add(status.events.perSecond);
    this.showGraph(status, moving);
    this.showSnapshot(status.snapshot);
    this.showTraining(status.training);
    this.showRelease(status);
    this.recommendations.show(rate(status.recommendations.perSecond), "per second",
      [`${count(status.recommendations.total)} since the start`,
        status.events.total > 0 ? `${millis(status.freshnessMillis.p50)} after the event (median)` : "none yet"], false);
    this.recommendationsSpark.add(status.recommendations.perSecond);
  }

  showGraph(status, moving) {
    const graphs = Object.entries(status.graphs);
    const edges = graphs.reduce((sum, [, size]) => sum + size.edges, 0);
    this.graph.show(count(edges), "edges",
      graphs.length ? graphs.map(([name, size]) => `${name}: ${count(size.nodes)} nodes`) : "no neighbors yet", moving && graphs.length > 0);
  }

  showSnapshot(snapshot) {
    if (!snapshot) {
      this.snapshot.show("–", "", "none yet", false);
      return;
    }
    const age = Date.now() - Date.parse(snapshot.createdAt);
    this.snapshot.show(ago(snapshot.createdAt), "",
      [`number ${count(snapshot.checkpointId)}`, `${count(snapshot.counts.interactions ?? 0)} interactions`], age < 60_000);
  }

  showTraining(training) {
    if (!training) {
      this.trainer.show("–", "", "waits for a snapshot", false);
      return;
    }
    const figures = Object.entries(training.metrics).filter(([name]) => /loss|recall@20/.test(name)).sort()
      .map(([name, value]) => `${name} ${metric(value)}`).join(", ");
    this.trainer.show(training.running ? `${training.epoch}${training.epochs ? ` / ${training.epochs}` : ""}` : training.model,
      training.running ? "epochs" : "",
      [training.running ? `${training.model} in training` : `trained ${ago(training.at)}, ${training.epoch} epochs`, figures], training.running);
    if (training.running && training.epochs) this.trainer.bar("Training", training.epoch, training.epochs);
    else this.trainer.noBar();
  }

  showRelease(status) {
    const { model, loading, rescoring } = status;
    if (loading) {
      this.release.show(model ? model.model : "first", "", `reading ${loading.version}`, true);
      this.release.bar("Reading the release", loading.read, loading.total);
      return;
    }
    if (!model) {
      this.release.show("–", "", "no model yet: neighbors and popularity recommend", false);
      this.release.noBar();
      return;
    }
    const remaining = rescoring.total - rescoring.done;
    this.release.show(model.model, "",
      [`released ${ago(model.releasedAt)}`,
        remaining > 0 ? `re-scoring: ${count(rescoring.done)} of ${count(rescoring.total)} users`
          : `recall@20 ${metric(model.metrics["recall@20"])}, ndcg@20 ${metric(model.metrics["ndcg@20"])}`], remaining > 0);
    if (remaining > 0) this.release.bar("Re-scoring users", rescoring.done, rescoring.total);
    else this.release.noBar();
  }
}
