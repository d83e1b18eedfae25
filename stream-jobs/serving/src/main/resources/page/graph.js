/** Graph: how degrees and similarities are distributed, and what lies around a node, to be zoomed and walked through. */

import * as api from "./api.js";
import { Chart, axis, color } from "./charts.js";
import { el, head, pictureSource } from "./dom.js";
import { count, graphName, name } from "./format.js";
import { itemAddress, userAddress } from "./tiles.js";

const STEPS = 2;
const NEIGHBORS = 8;

export function open(root) {
  const choice = el("select", { id: "graph", "aria-label": "Graph", onchange: () => go(choice.value) });
  const node = el("input", { type: "search", id: "node", placeholder: "id", autocomplete: "off", spellcheck: "false", maxlength: 512 });
  const form = el("form", { class: "node-form", onsubmit: (event) => {
    event.preventDefault();
    if (node.value.trim()) go(choice.value, node.value.trim());
  } }, el("label", { for: "node" }, "Start from"), node, el("button", { class: "button", type: "submit" }, "Show"));
  const around = new Chart("What lies around a node, as a network", aroundOption, "tall").on("click", (at) => {
    if (at.dataType === "node") go(choice.value, at.data.id);
  });
  const degrees = new Chart("Number of nodes by degree", (shape) => bars(shape.degrees, "accent", "nodes"), "low");
  const inLists = new Chart("Number of nodes by the number of lists that they are in", (shape) => bars(shape.inLists, "accent-2", "nodes"), "low");
  const weights = new Chart("Number of edges by weight", (shape) => bars(shape.weights, "warn", "edges"), "low");
  const facts = el("p", { class: "note" });
  const words = el("p", { class: "note", id: "around-note", "aria-live": "polite" });
  const list = el("ul", { class: "around-list", "aria-label": "Nodes around it" });
  const charts = [around, degrees, inLists, weights];
  let graph = null;
  let asked = null;

  root.append(
    head("Graph", "The live graphs, as every event leaves them.", el("label", { class: "choice" }, choice)),
    el("section", { class: "card panel" },
      el("div", { class: "panel-head" }, el("h2", {}, "Around a node"), form), words,
      el("div", { class: "around" }, around.element, list)),
    el("section", { class: "card panel" },
      el("div", { class: "panel-head" }, el("h2", {}, "Distributions"), facts),
      el("div", { class: "triple" },
        figure("Degree", "live interactions of a node", degrees), figure("In lists", "how many lists a node is in", inLists),
        figure("Weight", "similarity, or count, of an edge", weights))));

  const go = (to, start) => {
    location.hash = `#/graph/${encodeURIComponent(to)}${start === undefined ? "" : `/${encodeURIComponent(start)}`}`;
  };

  function choices(graphs) {
    const names = Object.keys(graphs);
    if (choice.options.length === names.length) return;
    choice.replaceChildren(...names.map((each) => el("option", { value: each }, `${graphName(each)} (${each})`)));
    if (graph) choice.value = graph;
  }

  async function show(to, start) {
    const question = (asked = `${to} ${start}`);
    try {
      if (to !== graph) {
        graph = to;
        const shape = await api.shape(to);
        if (asked !== question) return;
        facts.textContent = `${count(shape.lists)} lists, ${count(shape.edges)} edges, mean weight ${shape.meanWeight.toFixed(3)}${shape.complete ? "" : "; the first lists by id"}`;
        for (const chart of [degrees, inLists, weights]) chart.draw(shape, true);
      }
      const from = start ?? (await anyNode(to));
      if (from === null) {
        words.textContent = "Nobody has done anything yet.";
        return;
      }
      const found = await api.neighborhood(to, from, STEPS, NEIGHBORS);
      await Promise.all(found.nodes.filter((each) => each.hops < 2).map(withPicture));
      if (asked !== question) return;
      node.value = from;
      const at = found.nodes[0];
      words.replaceChildren(`${found.nodes.length} ${found.nodes.length === 1 ? "node" : "nodes"} within ${STEPS} steps of `,
        el("a", { href: found.kind === "item" ? itemAddress(at.id) : userAddress(at.id) }, name(at)), ". Scroll to zoom, drag to move, click to walk on.");
      around.draw(found, true);
      list.replaceChildren(...found.nodes.slice(1, 25).map((each) => el("li", {},
        el("a", { href: `#/graph/${encodeURIComponent(to)}/${encodeURIComponent(each.id)}` }, name(each)))));
    } catch (problem) {
      if (asked === question) words.textContent = problem.message;
    }
  }

  return {
    at(to, start) {
      if (to !== undefined) {
        choice.value = to;
        show(to, start);
      }
    },
    update(status) {
      choices(status.graphs);
      if (graph === null && choice.options.length > 0 && asked === null) {
        const first = [...choice.options].find((option) => option.value === "item-jaccard")?.value ?? choice.options[0].value;
        choice.value = first;
        show(first);
      }
      if (choice.options.length === 0) words.textContent = "There is no graph yet.";
    },
    close() {
      charts.forEach((chart) => chart.close());
    },
  };
}

async function withPicture(node) {
  node.picture = await pictureSource(node).catch(() => null);
}

async function anyNode(graph) {
  if (graph.startsWith("user-")) return (await api.users("", 1)).users[0]?.user ?? null;
  return (await api.items("", 1)).items[0]?.item ?? null;
}

function figure(title, unit, chart) {
  return el("div", {}, el("h3", {}, title), el("p", { class: "note" }, unit), chart.element);
}

function bars(bins, shade, unit) {
  const whole = bins.length > 0 && bins[0].from >= 1;
  const label = (bin) => (whole ? (bin.to - bin.from === 1 ? `${bin.from}` : `${bin.from}–${bin.to - 1}`) : bin.from.toFixed(2));
  return {
    grid: { left: 50, right: 8, top: 12, bottom: 26 },
    tooltip: { trigger: "axis", formatter: ([at]) => `${whole ? label(bins[at.dataIndex]) : `${bins[at.dataIndex].from.toFixed(2)} to ${bins[at.dataIndex].to.toFixed(2)}`}: ${count(at.value)} ${unit}` },
    xAxis: axis("category", "", { data: bins.map(label) }),
    yAxis: axis("value", "", { axisLabel: { color: color("soft"), formatter: (n) => count(n) } }),
    series: [{ type: "bar", data: bins.map((bin) => bin.count), barCategoryGap: "12%", itemStyle: { color: color(shade), borderRadius: [3, 3, 0, 0] } }],
  };
}

function aroundOption(found) {
  const heaviest = Math.max(...found.edges.map((edge) => edge.weight), 1e-9);
  const shades = [color("accent"), color("accent"), color("accent-2"), color("soft")];
  const sizes = [58, 36, 20, 14];
  const seen = new Set();
  const edges = found.edges.filter((edge) => {
    const key = [edge.from, edge.to].sort().join("\n");
    return !seen.has(key) && seen.add(key);
  });
  return {
    tooltip: {
      formatter: (at) => (at.dataType === "edge" ? `weight ${at.data.weight.toFixed(3)}` : `${at.data.name}${at.data.degree ? `\ndegree ${count(at.data.degree)}` : ""}`),
    },
    series: [{
      type: "graph", layout: "force", roam: true, zoom: 0.8, scaleLimit: { min: 0.3, max: 8 }, draggable: true,
      force: { repulsion: 190, edgeLength: [40, 130], gravity: 0.08, friction: 0.25, layoutAnimation: false },
      emphasis: { focus: "adjacency", lineStyle: { width: 3 } },
      label: { show: true, position: "bottom", color: color("ink"), fontSize: 11, width: 110, overflow: "truncate", formatter: (at) => at.data.name },
      labelLayout: { hideOverlap: true },
      data: found.nodes.map((node) => {
        return {
          id: node.id, name: name(node), degree: node.degree, symbolSize: sizes[node.hops],
          symbol: node.picture ? `image://${new URL(node.picture, location.href).href}` : "circle",
          itemStyle: { color: shades[node.hops], borderColor: color("card"), borderWidth: 2 },
          label: { show: node.hops < 2 },
        };
      }),
      links: edges.map((edge) => ({
        source: edge.from, target: edge.to, weight: edge.weight,
        lineStyle: { color: color("soft"), opacity: 0.18 + 0.5 * (edge.weight / heaviest), width: 0.6 + 2.4 * (edge.weight / heaviest), curveness: 0.08 },
      })),
    }],
  };
}
