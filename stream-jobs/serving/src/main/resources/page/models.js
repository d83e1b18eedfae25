/** Models: how the releases measured over time, what the gate decided and why, a training's curve, and the way back. */

import * as api from "./api.js";
import { Chart, SHADES, axis, color } from "./charts.js";
import { confirm, el, head, toast } from "./dom.js";
import { Experiments } from "./experiments.js";
import { ago, count, metric } from "./format.js";
import * as live from "./live.js";
import { Results } from "./results.js";

const RUNS = 50;

export function open(root) {
  const over = new Chart("Recall at 20 and NDCG at 20 of the releases and of refused candidates over time", overOption);
  const curve = new Chart("Loss and validation of a training by epoch", curveOption, "low");
  const curveTitle = el("p", { class: "note" });
  const releases = el("div", { class: "table-scroll", id: "releases", tabindex: "0", role: "region", "aria-label": "Releases" });
  const decisions = el("ol", { class: "decisions", id: "decisions" });
  const experiments = new Experiments();
  const results = new Results();
  let seen = "";
  let run = null;
  let waiting = null;

  root.append(
    head("Models", "A model is released when it is no worse than what is in force, on users that it has not seen. Serving then switches whole."),
    el("div", { class: "pair wide" },
      el("section", { class: "card panel" }, el("div", { class: "panel-head" }, el("h2", {}, "Metrics over time"), el("p", { class: "note" }, "on the held-out slice of each")), over.element),
      el("section", { class: "card panel" }, el("div", { class: "panel-head" }, el("h2", {}, "Training"), curveTitle), curve.element)),
    experiments.element,
    el("section", { class: "card panel" }, el("div", { class: "panel-head" }, el("h2", {}, "Releases"), el("p", { class: "note" }, "newest first")), releases),
    el("section", { class: "card panel" }, el("div", { class: "panel-head" }, el("h2", {}, "Decisions"), el("p", { class: "note" }, "of the gate, and answers to commands")), decisions),
    results.element);

  async function refresh() {
    try {
      const [models, { runs }] = await Promise.all([api.models(), api.evaluations(RUNS)]);
      showReleases(models);
      showDecisions(runs);
      over.draw({ models, runs });
      const training = run ?? runs.find((each) => each.version)?.run;
      if (training) await showCurve(training);
      await results.refresh();
    } catch (problem) {
      releases.replaceChildren(el("p", { class: "note" }, problem.message));
    }
  }

  async function showCurve(id) {
    const detail = await api.evaluation(id);
    curveTitle.textContent = `${id}, ${detail.epochs.length} ${detail.epochs.length === 1 ? "epoch" : "epochs"}`;
    curve.draw(detail.epochs);
  }

  function showReleases({ releases: all }) {
    if (all.length === 0) {
      releases.replaceChildren(el("p", { class: "note" }, "None yet. Until the first one, neighbors and popularity recommend."));
      return;
    }
    releases.replaceChildren(el("table", {},
      el("thead", {}, el("tr", {}, ...["Version", "State", "Released"].map((text) => el("th", { scope: "col" }, text)),
        ...["Recall@20", "NDCG@20", "Users", "Items", "Dimension"].map((text) => el("th", { scope: "col", class: "number" }, text)),
        el("th", { scope: "col" }, el("span", { class: "unseen" }, "Roll back")))),
      el("tbody", {}, ...all.map((release) => el("tr", {},
        el("td", {}, release.action === "ROLLBACK" ? `back to ${release.version}` : release.version,
          release.refused ? el("p", { class: "note bad-text" }, release.refused) : null),
        el("td", {}, chip(release)),
        el("td", {}, ago(release.releasedAt)),
        el("td", { class: "number" }, metric(release.metrics["recall@20"])),
        el("td", { class: "number" }, metric(release.metrics["ndcg@20"])),
        el("td", { class: "number" }, count(release.users)),
        el("td", { class: "number" }, count(release.items)),
        el("td", { class: "number" }, release.dimension),
        el("td", { class: "number" }, returnable(release) ? el("button", {
          class: "button", type: "button", "aria-label": `Roll back to ${release.version}`, onclick: () => rollBack(release),
        }, "Roll back") : null))))));
  }

  const returnable = (release) => live.writes() && release.action === "RELEASE" && !release.refused && !live.status()?.arms.some((arm) => arm.version === release.version);

  function whom(release) {
    const arms = live.status()?.arms ?? [];
    const arm = arms.find((each) => each.arm === release.model);
    return arm ? `the ${count(arm.rescoring.total)} users of the arm ${arm.arm}` : `all ${count(live.status()?.users ?? 0)} users`;
  }

  async function rollBack(release) {
    const sure = await confirm(`Back to ${release.version}?`, [
      `Serving reads this release again and scores ${whom(release)} by it.`,
      "The trainer then releases nothing by itself until somebody asks for a training ('freshet train').",
    ], "Roll back");
    if (!sure) return;
    try {
      const answer = await api.rollBack(release.version);
      waiting = answer.run;
      toast(`The trainer is asked to put ${answer.version} in force again (${answer.run}).`);
    } catch (problem) {
      toast(problem.message, "bad");
    }
  }

  function showDecisions(runs) {
    const decided = runs.filter((each) => each.decision || each.version);
    decisions.replaceChildren(...(decided.length === 0 ? [el("li", { class: "note" }, "None yet.")] : decided.map((each) => el("li", { class: "decision" },
      decisionChip(each),
      el("div", {},
        el("p", {}, el("strong", {}, each.version ?? each.run), el("span", { class: "note" }, ` ${ago(each.at)}${each.epochs ? `, ${each.epochs} epochs` : ""}`)),
        each.decision?.reason ? el("p", { class: "reason-text" }, each.decision.reason) : null),
      each.epochs > 0 ? el("button", { class: "button", type: "button", "aria-label": `Show the training of ${each.run}`, onclick: () => {
        run = each.run;
        showCurve(run);
        curve.element.scrollIntoView({ behavior: "smooth", block: "center" });
      } }, "Curve") : null))));
  }

  return {
    update(status) {
      const { decision } = status;
      if (waiting && decision?.run === waiting) {
        toast(decision.accepted ? `${decision.version} is put in force: ${decision.reason}` : `Not rolled back: ${decision.reason}`, decision.accepted ? "good" : "bad");
        waiting = null;
      }
      experiments.update();
      const now = `${status.evaluations} ${status.arms.map((arm) => arm.version)} ${status.releases.map((release) => release.releasedAt + release.refused).join()}`;
      if (now !== seen) {
        seen = now;
        refresh();
      }
    },
    close() {
      over.close();
      curve.close();
      experiments.close();
      results.close();
    },
  };
}

function chip(release) {
  if (release.refused) return el("span", { class: "chip bad" }, "unsound");
  if (release.inForce) return el("span", { class: "chip good" }, "in force");
  return el("span", { class: "chip" }, release.action === "ROLLBACK" ? "rollback" : "replaced");
}

function decisionChip(run) {
  if (!run.decision) return el("span", { class: "chip" }, "under way");
  return run.decision.accepted ? el("span", { class: "chip good" }, "released") : el("span", { class: "chip bad" }, "refused");
}

function overOption({ models, runs }) {
  const released = models.releases.filter((release) => release.action === "RELEASE" && !release.refused).reverse();
  const refused = runs.filter((run) => run.decision && !run.decision.accepted && run.metrics["recall@20"] !== undefined);
  // A line for each model: those side by side are not one after the other.
  const names = [...new Set(released.map((release) => release.model))].sort();
  const line = (name, field, shade, model, more = {}) => ({
    name: names.length > 1 ? `${model} ${name}` : name, type: "line", symbol: "circle", symbolSize: 8,
    data: released.filter((release) => release.model === model).map((release) => [release.releasedAt, release.metrics[field], release.version]),
    lineStyle: { width: 2, color: color(shade), ...more }, itemStyle: { color: color(shade) },
  });
  const lines = names.length <= 1
    ? names.flatMap((model) => [line("Recall@20", "recall@20", "accent", model), line("NDCG@20", "ndcg@20", "accent-2", model)])
    : names.flatMap((model, index) => {
      const shade = SHADES[index % SHADES.length];
      return [line("Recall@20", "recall@20", shade, model), line("NDCG@20", "ndcg@20", shade, model, { type: "dashed" })];
    });
  return {
    grid: { left: 52, right: 16, top: 34, bottom: 26 },
    legend: { type: "scroll", top: 0, right: 0, textStyle: { color: color("soft") }, itemWidth: 16, itemHeight: 8 },
    tooltip: { trigger: "item", formatter: ({ seriesName, data }) => `${data[2]}\n${seriesName} ${metric(data[1])}` },
    xAxis: axis("time", "", { splitLine: { show: false } }),
    yAxis: axis("value", "", { scale: true }),
    series: [
      ...lines,
      { name: "refused", type: "scatter", symbol: "diamond", symbolSize: 11, data: refused.map((run) => [run.at, run.metrics["recall@20"], run.version]),
        itemStyle: { color: "transparent", borderColor: color("bad"), borderWidth: 2 } },
    ],
  };
}

function curveOption(epochs) {
  const line = (name, field, shade, index) => ({
    name, type: "line", yAxisIndex: index, showSymbol: epochs.length < 12, symbolSize: 6, connectNulls: true,
    data: epochs.map((epoch) => [epoch.epoch, epoch.metrics[field] ?? null]),
    lineStyle: { width: 2, color: color(shade) }, itemStyle: { color: color(shade) },
  });
  return {
    grid: { left: 48, right: 52, top: 34, bottom: 26 },
    legend: { top: 0, right: 0, textStyle: { color: color("soft") }, itemWidth: 16, itemHeight: 8 },
    tooltip: { trigger: "axis", valueFormatter: (n) => metric(n) },
    xAxis: axis("value", "", { minInterval: 1, min: "dataMin", max: "dataMax", splitLine: { show: false } }),
    yAxis: [axis("value", "", { scale: true }), axis("value", "", { scale: true, splitLine: { show: false } })],
    series: [line("loss", "loss", "warn", 0), line("recall@20", "recall@20", "accent", 1)],
  };
}
