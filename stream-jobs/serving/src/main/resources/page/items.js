/** Items: what is known of one, and its neighbors in every graph, side by side; a modality that nothing bears out is said so. */

import * as api from "./api.js";
import { el, head, meter, picture } from "./dom.js";
import { count, graphName, modalityName, name, percent } from "./format.js";
import { finder, itemAddress, row } from "./tiles.js";

const NEIGHBORS = 8;
const ORDER = ["item-jaccard", "item-content-", "item-cooccurrence", "embedding", "item-denoised-"];

export function open(root) {
  const detail = el("div", { class: "detail", id: "item", "aria-live": "polite" });
  let selected = null;

  const box = finder("Find an item", "by id, or words of the title", async (query) => {
    const { items } = await api.items(query);
    if (selected === null && items.length > 0 && query === "") show(items[0].item);
    if (items.length === 0) return [el("p", { class: "note" }, query ? "No item like this that anyone has." : "Nobody has an item yet.")];
    return items.map((item) => {
      const link = row(item, count(item.users));
      if (item.item === selected) link.setAttribute("aria-current", "true");
      link.title = `${count(item.users)} users have it`;
      return link;
    });
  });
  root.append(
    head("Items", "What is near an item, by what people do, by what it shows and by the model, side by side."),
    el("div", { class: "split" }, box.element, detail));

  async function show(id) {
    selected = id;
    for (const link of box.element.querySelectorAll("a")) {
      if (link.getAttribute("href") === itemAddress(id)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    try {
      const [item, sides] = await Promise.all([api.item(id), api.itemGraphs(id, NEIGHBORS)]);
      // A model that is put in force meanwhile may not have the item: the other sides are there all the same.
      const nearest = await Promise.all(item.embeddings.map(({ arm }) => api.similarVectors(id, arm, NEIGHBORS).catch(() => null)));
      if (id === selected) {
        detail.replaceChildren(itemPanel(item, sides.modalities), graphsPanel(id, [...sides.graphs, ...nearest.filter((side) => side !== null)]));
      }
    } catch (problem) {
      if (id === selected) detail.replaceChildren(el("div", { class: "card empty" }, problem.message));
    }
  }

  return {
    at(id) {
      if (id !== undefined) show(id);
      box.refresh();
    },
  };
}

const ofArm = (arm) => arm === "all" ? "" : `, arm ${arm}`;

const VECTORS = {
  trained: "as trained", inductive: "since training, by features and neighbors", neighbors: "since training, mean of its neighbors",
};

/** What a model says of the item itself. */
function modelEvidence({ arm, modalityWeights, uncertainty }) {
  const weights = Object.entries(modalityWeights).sort(([, a], [, b]) => b - a);
  if (weights.length === 0 && uncertainty === null) return null;
  return el("div", { class: "evidence model-evidence" },
    el("h3", {}, `What the model rests on${ofArm(arm)}`),
    ...weights.map(([modality, weight]) => el("div", { class: "evidence-row" },
      el("strong", {}, modalityName(modality)), share("weight", weight))),
    uncertainty === null ? null : el("div", { class: "evidence-row" }, el("strong", {}, "uncertainty"), share("of its vector", uncertainty)));
}

function itemPanel(item, modalities) {
  const facts = [
    ["Id", item.item],
    ["Users", count(item.users)],
    ["Available", item.erased ? "erased" : item.available ? "yes" : "no"],
    ...item.embeddings.map(({ arm, origin }) => [`Vector${ofArm(arm)}`, VECTORS[origin]]),
    ...(item.embeddings.length === 0 ? [["Vector", "none yet"]] : []),
    ...Object.entries(item.attributes),
  ];
  const doubtful = modalities.filter((each) => each.doubtful).map((each) => each.modality);
  return el("section", { class: "card panel" },
    el("div", { class: "item-head" },
      picture(item, doubtful.includes("image") ? el("span", { class: "stamp" }, "doubtful") : null),
      el("div", {}, el("h2", { id: "item-title" }, name(item)),
        el("dl", { class: "facts" }, ...facts.flatMap(([term, fact]) => [el("dt", {}, term), el("dd", {}, fact)])))),
    doubtful.length === 0 ? null : el("p", { class: "alert warn", id: "doubtful" },
      `The ${doubtful.join(" and ")} may mislead: people do not have this item together with what it looks like, but with others.`),
    modalities.length === 0 ? null : el("div", { class: "evidence" },
      el("h3", {}, "What speaks for its neighbors by content: people have them together, all modalities agree"),
      ...modalities.map((each) => el("div", { class: `evidence-row ${each.doubtful ? "doubtful" : ""}` },
        el("strong", {}, each.modality),
        share("had together", each.together),
        each.agreed === null ? el("span", { class: "note" }, "agreement not computed") : share("all agree", each.agreed)))),
    ...item.embeddings.map(modelEvidence));
}

function share(words, of) {
  return el("div", { class: "share" }, el("span", { class: "note" }, words), meter(of, `${words}: ${percent(of)}`), el("span", { class: "item-row-figure" }, percent(of)));
}

const place = (graph) => ORDER.findIndex((each) => graph.startsWith(each));

function graphsPanel(id, sides) {
  const ordered = [...sides].sort((a, b) => place(a.graph) - place(b.graph) || a.graph.localeCompare(b.graph));
  return el("section", { class: "card panel" },
    el("div", { class: "panel-head" }, el("h2", {}, "Neighbors"),
      el("p", { class: "note" }, "A dot marks those that people have together with it, or with what they have together with it.")),
    el("div", { class: "sides", tabindex: "0", role: "region", "aria-label": "Neighbors by graph" }, ...ordered.map((side) => el("div", { class: "side", "data-graph": side.graph },
      el("h3", {}, graphName(side.graph)),
      el("p", { class: "note" }, side.graph === "embedding" ? `cosine, ${side.modelVersion}` : el("a", { href: `#/graph/${encodeURIComponent(side.graph)}/${encodeURIComponent(id)}` }, side.graph)),
      side.neighbors.length === 0 ? el("p", { class: "note" }, "none yet")
        : el("ol", { class: "side-list" }, ...side.neighbors.map((neighbor) => el("li", {},
          row(neighbor, Number.isInteger(neighbor.weight) && neighbor.weight > 1 ? count(neighbor.weight) : neighbor.weight.toFixed(2), neighbor.together ? "together" : ""))))))));
}
