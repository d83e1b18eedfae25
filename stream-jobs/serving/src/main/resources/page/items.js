/** An item in a dialog: what is known of it, and its neighbors in the graph. */

import * as api from "./api.js";
import { el, picture } from "./dom.js";
import { count, name } from "./format.js";

const dialog = document.getElementById("item-dialog");
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

export async function showItem(id) {
  try {
    const item = await api.item(id);
    dialog.replaceChildren(head(item), await neighbors(id));
  } catch (problem) {
    dialog.replaceChildren(el("p", { class: "empty", id: "item-title" }, problem.message));
  }
  if (!dialog.open) dialog.showModal();
}

function head(item) {
  const facts = [
    ["Id", item.item],
    ["Users", count(item.users)],
    ["Available", item.available ? "yes" : "no"],
    ["In the model", item.inModel ? "yes" : "not yet"],
    ...Object.entries(item.attributes),
  ];
  return el("div", { class: "item-head" },
    picture(item),
    el("div", {}, el("h2", { id: "item-title" }, name(item)),
      el("dl", {}, ...facts.flatMap(([term, fact]) => [el("dt", {}, term), el("dd", {}, fact)]))),
    el("button", { class: "close", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "✕"));
}

async function neighbors(id) {
  try {
    const list = await api.similar(id);
    if (list.neighbors.length === 0) return el("p", { class: "panel-note" }, "No neighbors in the graph yet.");
    return el("div", {}, el("h3", {}, "Had by the same people"),
      el("ul", { class: "recommendations" }, ...list.neighbors.map((neighbor) => el("li", {},
        el("button", { class: "tile", type: "button", onclick: () => showItem(neighbor.id) },
          picture(neighbor), el("span", { class: "tile-title" }, name(neighbor)),
          el("span", { class: "reason neighbor" }, `Jaccard ${neighbor.weight.toFixed(3)}`))))));
  } catch (problem) {
    return el("p", { class: "panel-note" }, problem.message);
  }
}
