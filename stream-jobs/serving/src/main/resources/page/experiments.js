/** The A/B split: how well the lists of each arm foretell what its users take, with intervals. */

import * as api from "./api.js";
import { Chart, SHADES, axis, color } from "./charts.js";
import { el } from "./dom.js";
import { count, metric, millis, percent } from "./format.js";

const MEASURES = { "hit_rate@20": "Hit rate at 20", mrr: "MRR at 20", "ndcg@20": "NDCG at 20" };
const REFRESH_MILLIS = 10_000;

export class Experiments {
  constructor() {
    this.charts = Object.entries(MEASURES).map(([name, words]) => ({
      name, chart: new Chart(`${words} of each arm, with its 95 % interval`, (view) => intervals(view, name), "intervals"),
      title: el("h3", {}, words),
    }));
    this.split = el("p", { class: "note" });
    this.arms = el("div", { class: "table-scroll", id: "arms", tabindex: "0", role: "region", "aria-label": "Arms" });
    this.differences = el("ul", { class: "differences", id: "differences" });
    this.element = el("section", { class: "card panel", id: "experiment" },
      el("div", { class: "panel-head" }, el("h2", {}, "Online, arm by arm"), this.split),
      el("div", { class: "measures" }, ...this.charts.map(({ title, chart }) => el("div", {}, title, chart.element))),
      this.arms, this.differences,
      el("p", { class: "note" }, "Every item that a user takes is held against the list that they had before. Events that came before a list was there are not measured. Intervals are of 95 % and take users as independent."));
  }

  /** Asks anew, now and then. */
  update(now = Date.now()) {
    if (now - (this.asked ?? 0) < REFRESH_MILLIS) return;
    this.asked = now;
    api.experiments().then((view) => this.show(view), (problem) => { this.split.textContent = problem.message; });
  }

  show(view) {
    const splits = view.arms.length > 1;
    this.split.textContent = splits ? `users are split ${view.split}` : "one model for everyone";
    for (const { chart } of this.charts) {
      chart.element.style.height = `${4.2 + 1.9 * view.arms.length}rem`;
      chart.draw(view);
    }
    this.arms.replaceChildren(el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Arm"), el("th", { scope: "col" }, "In force"),
        ...["Users", "Events", "Hit rate@20", "MRR@20", "NDCG@20", "Fallback", "Fresh, p99"].map((text) => el("th", { scope: "col", class: "number" }, text)))),
      el("tbody", {}, ...view.arms.map((arm) => el("tr", {},
        el("td", {}, el("strong", {}, arm.arm), splits ? el("span", { class: "note" }, ` ${percent(arm.share)}${arm.arm === view.control ? ", control" : ""}`) : null),
        el("td", {}, arm.version ?? el("span", { class: "chip" }, "none yet")),
        el("td", { class: "number" }, count(arm.users)),
        el("td", { class: "number", title: `${count(arm.unmeasured)} more, since the start, came before a list was there` }, count(arm.events)),
        ...Object.keys(MEASURES).map((name) => el("td", { class: "number" }, ...estimate(arm.metrics[name]))),
        el("td", { class: "number" }, arm.metrics.fallback ? percent(arm.metrics.fallback.mean) : "–"),
        el("td", { class: "number" }, millis(arm.freshnessMillis.p99)))))));
    this.differences.replaceChildren(...view.differences.flatMap((each) =>
      Object.entries(MEASURES).filter(([name]) => each.metrics[name]).map(([name, words]) => difference(each, words, each.metrics[name]))));
  }

  close() {
    for (const { chart } of this.charts) chart.close();
  }
}

const signed = (n) => `${n < 0 ? "−" : "+"}${metric(Math.abs(n))}`;

function estimate(of) {
  if (!of) return ["–"];
  return [metric(of.mean), el("span", { class: "note" }, of.low === null ? "" : ` ± ${metric(of.high - of.mean)}`)];
}

function difference({ arm, control }, words, { mean, low, high }) {
  const sure = low !== null && (low > 0 || high < 0);
  return el("li", {},
    el("span", { class: `chip ${sure ? (mean > 0 ? "good" : "bad") : ""}` }, low === null ? "too few users" : sure ? (mean > 0 ? "better" : "worse") : "open"),
    el("span", {}, `${words}: ${arm} − ${control} = ${signed(mean)}`),
    low === null ? null : el("span", { class: "note" }, `95 % ${signed(low)} to ${signed(high)}`));
}

function intervals(view, name) {
  const rows = view.arms.flatMap((arm, index) => arm.metrics[name] ? [{ arm, index, of: arm.metrics[name], shade: color(SHADES[index % SHADES.length]) }] : []);
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 8, containLabel: true },
    tooltip: { trigger: "item", formatter: ({ dataIndex }) => {
      const { arm, of } = rows[dataIndex];
      return `${arm.arm}\n${metric(of.mean)}${of.low === null ? "" : `, 95 % ${metric(of.low)} to ${metric(of.high)}`}\n${count(arm.events)} events of ${count(arm.measuredUsers)} users`;
    } },
    xAxis: axis("value", "", { scale: true, splitNumber: 3 }),
    yAxis: axis("category", "", { data: view.arms.map((arm) => arm.arm), inverse: true, splitLine: { show: false } }),
    series: [{
      type: "custom", encode: { x: [1, 2, 3], y: 0 },
      data: rows.map(({ index, of }) => [index, of.mean, of.low ?? of.mean, of.high ?? of.mean]),
      renderItem: ({ dataIndex }, api) => {
        const { shade } = rows[dataIndex];
        const [mean, low, high] = [1, 2, 3].map((field) => api.coord([api.value(field), api.value(0)]));
        const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: shade, lineWidth: 2 } });
        return { type: "group", children: [
          line(low[0], low[1], high[0], high[1]), line(low[0], low[1] - 5, low[0], low[1] + 5), line(high[0], high[1] - 5, high[0], high[1] + 5),
          { type: "circle", shape: { cx: mean[0], cy: mean[1], r: 5 }, style: { fill: shade } },
        ] };
      },
    }],
  };
}
