/** Results on data sets, as 'freshet publish' has put them there: models, and ablations of a model, side by side. */

import * as api from "./api.js";
import { Chart, axis, color } from "./charts.js";
import { el } from "./dom.js";
import { metric } from "./format.js";

const ABOUT = ["data", "preset", "seeds", "epochs"];

export class Results {
  constructor() {
    this.chart = new Chart("Recall at 20 of each result on the data set, and the published figure", bars, "bars");
    this.choice = el("select", { id: "data-set", "aria-label": "Data set", onchange: () => this.showChosen() });
    this.table = el("div", { class: "table-scroll", id: "results", tabindex: "0", role: "region", "aria-label": "Results on data sets" });
    this.chosen = el("div", {}, this.chart.element);
    this.element = el("section", { class: "card panel" },
      el("div", { class: "panel-head" }, el("h2", {}, "On data sets"), this.choice), this.chosen, this.table);
  }

  async refresh() {
    const { results } = await api.results();
    this.results = results;
    const sets = [...new Set(results.map((each) => each.configuration.data))].sort();
    const before = this.choice.value;
    this.choice.hidden = this.chosen.hidden = sets.length === 0;
    this.choice.replaceChildren(...sets.map((set) => el("option", { value: set, selected: set === before }, set)));
    this.showChosen();
  }

  showChosen() {
    const rows = this.results.filter((each) => each.configuration.data === this.choice.value)
      .sort((a, b) => b.metrics["recall@20"] - a.metrics["recall@20"]);
    if (rows.length === 0) {
      this.table.replaceChildren(el("p", { class: "note" }, "None yet. 'freshet evaluate --json FILE' measures a model, or an ablation of it, on a data set; 'freshet publish FILE' shows it here."));
      return;
    }
    const named = rows.map((each) => ({ ...each, changes: changes(each, rows) }));
    this.chart.element.style.height = `${4.5 + 1.7 * rows.length}rem`;
    this.chart.draw(named);
    this.table.replaceChildren(el("table", {},
      el("thead", {}, el("tr", {}, ...["Model", "Preset", "Different settings"].map((text) => el("th", { scope: "col" }, text)),
        ...["Recall@20", "NDCG@20", "Published", "Ratio", "Seeds"].map((text) => el("th", { scope: "col", class: "number" }, text)))),
      el("tbody", {}, ...named.map(({ model, configuration, metrics, changes: settings }) => el("tr", {},
        el("td", {}, el("strong", {}, model)),
        el("td", {}, configuration.preset),
        el("td", { class: "settings" }, settings.join(", ") || "–"),
        el("td", { class: "number" }, metric(metrics["recall@20"]), spread(metrics["recall@20.sd"])),
        el("td", { class: "number" }, metric(metrics["ndcg@20"]), spread(metrics["ndcg@20.sd"])),
        el("td", { class: "number" }, metric(metrics["published.recall@20"])),
        el("td", { class: "number" }, metrics["published.recall@20"] ? (metrics["recall@20"] / metrics["published.recall@20"]).toFixed(2) : "–"),
        el("td", { class: "number" }, configuration.seeds))))));
  }

  close() {
    this.chart.close();
  }
}

const spread = (sd) => el("span", { class: "note" }, sd === undefined ? "" : ` ± ${metric(sd)}`);

/** Settings of a result that not all results of the same model share. */
function changes(result, rows) {
  const alike = rows.filter((each) => each.model === result.model && each.configuration.preset === result.configuration.preset);
  return Object.entries(result.configuration)
    .filter(([name, value]) => !ABOUT.includes(name) && alike.some((each) => each.configuration[name] !== value))
    .map(([name, value]) => `${name}=${value}`);
}

function bars(rows) {
  const label = ({ model, changes: settings }) => [model, ...settings].join(" ");
  return {
    grid: { left: 8, right: 24, top: 30, bottom: 8, containLabel: true },
    legend: { top: 0, right: 0, textStyle: { color: color("soft") }, itemWidth: 14, itemHeight: 8 },
    tooltip: { trigger: "item", formatter: ({ seriesName, name, value }) => `${name}\n${seriesName} ${metric(Array.isArray(value) ? value[0] : value)}` },
    xAxis: axis("value", ""),
    yAxis: axis("category", "", { data: rows.map(label), inverse: true, splitLine: { show: false }, axisLabel: { color: color("soft"), width: 220, overflow: "truncate" } }),
    series: [
      { name: "Recall@20", type: "bar", barMaxWidth: 14, data: rows.map(({ metrics }) => metrics["recall@20"]), itemStyle: { color: color("accent"), borderRadius: [0, 6, 6, 0] } },
      { name: "published", type: "scatter", symbol: "diamond", symbolSize: 11,
        data: rows.flatMap((row, index) => row.metrics["published.recall@20"] ? [[row.metrics["published.recall@20"], index]] : []),
        itemStyle: { color: "transparent", borderColor: color("accent-2"), borderWidth: 2 } },
    ],
  };
}
