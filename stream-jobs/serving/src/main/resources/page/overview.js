/** Overview: the loop as a picture, what needs a look, the last quarter of an hour, the graphs. */

import * as api from "./api.js";
import { Chart, axis, color } from "./charts.js";
import { el, head, icon, meter } from "./dom.js";
import { count, graphName, millis } from "./format.js";
import { Loop } from "./loop.js";

const POINTS = 180;

export function open(root) {
  const loop = new Loop();
  const alerts = el("ul", { class: "alerts" });
  const freshness = el("div", { class: "percentiles" });
  const graphs = el("tbody");
  const rates = new Chart("Events and lists per second over the last quarter of an hour", ratesOption);
  const times = new Chart("Time from an event to its list over the last quarter of an hour", timesOption);
  let points = [];
  let every = 5000;

  loop.list.append(
    el("li", { class: "stage-side card", id: "freshness" }, el("h2", { class: "stage-name" }, icon("clock"), "Freshness"), freshness),
    el("li", { class: "stage-side card", id: "alerts" }, el("h2", { class: "stage-name" }, icon("bell"), "Alerts"), alerts));
  root.append(
    head("The loop", "Events flow in, graphs stay true, models retrain on them, fresh recommendations flow out."),
    loop.element,
    el("div", { class: "pair" },
      panel("Events and lists", "per second", rates.element), panel("From event to list", "time until the list is handed over", times.element)),
    el("section", { class: "card panel" },
      el("div", { class: "panel-head" }, el("h2", {}, "Live graphs"), el("p", { class: "note" }, "kept true by every event")),
      el("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Live graphs" }, el("table", {},
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Graph"), el("th", { scope: "col" }, "Name"),
          el("th", { scope: "col", class: "number" }, "Nodes"), el("th", { scope: "col", class: "number" }, "Edges"))), graphs))));

  api.history().then((history) => {
    points = history.points;
    every = history.everySeconds * 1000;
    draw();
  }, () => {});

  function draw() {
    rates.draw(points);
    times.draw(points);
  }

  /** Goes on where the history ends, without asking again. */
  function remember(status) {
    const last = points.length ? Date.parse(points[points.length - 1].at) : 0;
    if (Date.parse(status.at) - last < every) return;
    points = [...points.slice(1 - POINTS), {
      at: status.at, events: status.events.perSecond, recommendations: status.recommendations.perSecond,
      p50: status.freshnessMillis.p50, p99: status.freshnessMillis.p99, lag: status.lag,
    }];
    draw();
  }

  return {
    update(status) {
      loop.update(status);
      showAlerts(alerts, status.alerts);
      showPercentiles(freshness, status);
      showGraphs(graphs, status.graphs);
      remember(status);
    },
    close() {
      loop.close();
      rates.close();
      times.close();
    },
  };
}

function panel(title, unit, chart) {
  return el("section", { class: "card panel" },
    el("div", { class: "panel-head" }, el("h2", {}, title), el("p", { class: "note" }, unit)), chart);
}

function showAlerts(list, alerts) {
  const entries = alerts.length ? alerts : [{ level: "good", text: "All is well." }];
  const key = JSON.stringify(entries);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...entries.map((alert) => el("li", { class: `alert ${alert.level}` }, alert.text)));
}

/** On a scale of powers of ten, from a millisecond to ten seconds. */
function showPercentiles(root, status) {
  const times = status.freshnessMillis;
  root.replaceChildren(
    ...[["half", times.p50], ["95 %", times.p95], ["99 %", times.p99]].flatMap(([share, ms]) => [
      el("span", { class: "note" }, share),
      meter(ms > 0 ? Math.log10(1 + ms) / 4 : 0, `${share} within ${millis(ms)}`),
      el("strong", {}, status.events.total > 0 && ms > 0 ? millis(ms) : "–")]),
    el("span", { class: "note" }, "waiting"),
    meter(Math.log10(1 + status.lag) / 5, `${count(status.lag)} events wait`, "warm"),
    el("strong", {}, count(status.lag)));
}

function showGraphs(body, graphs) {
  body.replaceChildren(...Object.entries(graphs).map(([graph, size]) => el("tr", {},
    el("td", {}, el("a", { href: `#/graph/${encodeURIComponent(graph)}` }, graphName(graph))), el("td", { class: "soft" }, graph),
    el("td", { class: "number" }, count(size.nodes)), el("td", { class: "number" }, count(size.edges)))));
}

function lines(points, series, format, scale) {
  return {
    grid: { left: 52, right: 14, top: 34, bottom: 26 },
    legend: { top: 0, right: 0, textStyle: { color: color("soft") }, itemWidth: 16, itemHeight: 8, icon: "roundRect" },
    tooltip: { trigger: "axis", valueFormatter: format },
    xAxis: axis("time", "", { splitLine: { show: false } }),
    yAxis: axis("value", "", { min: 0, axisLabel: { color: color("soft"), formatter: scale } }),
    series: series.map(([name, field, shade, area]) => ({
      name, type: "line", showSymbol: false, smooth: 0.25, data: points.map((p) => [p.at, p[field]]),
      lineStyle: { width: 2, color: color(shade) }, itemStyle: { color: color(shade) },
      areaStyle: area ? { color: color(shade), opacity: 0.12 } : undefined,
    })),
  };
}

const ratesOption = (points) =>
  lines(points, [["events", "events", "accent", true], ["lists", "recommendations", "accent-2", false]], (n) => n.toFixed(1), (n) => count(n));

const timesOption = (points) =>
  lines(points, [["median", "p50", "accent", true], ["99 %", "p99", "warn", false]], (n) => millis(n), (n) => (n === 0 ? "0" : millis(n)));
