/** Items as tiles and rows, and the box that finds things. */

import { el, picture } from "./dom.js";
import { name } from "./format.js";

export const itemAddress = (id) => `#/items/${encodeURIComponent(id)}`;
export const userAddress = (id) => `#/users/${encodeURIComponent(id)}`;

/** An item as a picture with its title, and whatever else belongs below it. */
export function tile(item, overlays, ...below) {
  return el("div", { class: "tile" },
    el("a", { class: "tile-link", href: itemAddress(item.item ?? item.id) },
      picture(item, ...overlays), el("span", { class: "tile-title" }, name(item))),
    ...below);
}

/** An item as one line: a small picture, its title, a figure. */
export function row(item, figure, kind = "") {
  return el("a", { class: `item-row ${kind}`, href: itemAddress(item.item ?? item.id) },
    picture(item), el("span", { class: "item-row-title" }, name(item)), el("span", { class: "item-row-figure" }, figure));
}

/**
 * A box with a search field and a list of links.
 *
 * find: answers elements for what was typed; called while typing, and by refresh().
 */
export function finder(label, placeholder, find) {
  const input = el("input", { type: "search", id: "search", placeholder, autocomplete: "off", spellcheck: "false", maxlength: 512 });
  const list = el("ul", { class: "found", id: "found", "aria-label": label });
  let typing;
  let asked = 0;
  async function refresh() {
    const question = ++asked;
    let found;
    try {
      found = await find(input.value.trim());
    } catch (problem) {
      found = [el("p", { class: "note" }, problem.message)];
    }
    if (question === asked) list.replaceChildren(...found.map((entry) => el("li", {}, entry)));
  }
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, 150);
  });
  return {
    element: el("div", { class: "finder card" }, el("label", { class: "finder-label", for: "search" }, label), input, list),
    refresh,
    empty: () => input.value === "",
  };
}
