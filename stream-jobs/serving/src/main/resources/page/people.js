/** The list of users, and one user's history and recommendations. */

import * as api from "./api.js";
import { el, picture } from "./dom.js";
import { ago, count, name } from "./format.js";
import { showItem } from "./items.js";

const list = document.getElementById("user-list");
const search = document.getElementById("search");
const person = document.getElementById("person");

let selected = null;
let shown = null;
let refreshing = false;
let again = false;

export function start() {
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(listUsers, 150);
  });
  window.addEventListener("hashchange", fromAddress);
  fromAddress();
}

function fromAddress() {
  const match = /^#user=(.+)$/.exec(location.hash);
  selected = match ? decodeURIComponent(match[1]) : null;
  shown = null;
  refresh();
}

/** Brings list and user up to date; calls while one is under way become one more after it. */
export async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    do {
      again = false;
      await listUsers();
      await showUser();
    } while (again);
  } finally {
    refreshing = false;
  }
}

async function listUsers() {
  try {
    const { users } = await api.users(search.value.trim());
    if (selected === null && users.length > 0 && !search.value) {
      selected = users[0].user;
    }
    list.replaceChildren(...users.map((user) => el("li", {},
      el("a", { href: `#user=${encodeURIComponent(user.user)}`, "aria-current": user.user === selected ? "true" : null },
        el("span", { class: "user-id" }, user.user), el("time", { datetime: user.lastActivity }, ago(user.lastActivity))))));
    if (users.length === 0) {
      list.replaceChildren(el("li", { class: "panel-note" }, search.value ? "Nobody by this id." : "Nobody yet."));
    }
  } catch (problem) {
    list.replaceChildren(el("li", { class: "panel-note" }, problem.message));
  }
}

async function showUser() {
  const user = selected;
  if (user === null) {
    person.replaceChildren(el("div", { class: "card empty" }, "As soon as someone does something, what they get shows here."));
    return;
  }
  try {
    const [profile, recommended] = await Promise.all([api.user(user), api.recommendations(user)]);
    if (user !== selected) return;
    const key = JSON.stringify([profile, recommended]);
    if (key === shown?.key) return;
    const before = shown?.user === user ? shown.items : null;
    const items = new Set(recommended.items.map((item) => item.item));
    shown = { key, user, items };
    person.replaceChildren(historyPanel(profile), recommendationsPanel(recommended, before));
  } catch (problem) {
    if (user !== selected) return;
    shown = null;
    person.replaceChildren(el("div", { class: "card empty" }, problem.message));
  }
}

function historyPanel(profile) {
  return el("section", { class: "card panel" },
    el("div", { class: "panel-head" },
      el("h2", {}, `User ${profile.user}`),
      el("p", { class: "panel-note" }, `${count(profile.live)} ${profile.live === 1 ? "item" : "items"}, last active ${ago(profile.lastActivity)}`)),
    profile.history.length === 0
      ? el("p", { class: "panel-note" }, "Has nothing at the moment.")
      : el("ul", { class: "history", tabindex: "0", "aria-label": "History, newest first" }, ...profile.history.slice(0, 60).map((entry) => el("li", {},
        el("button", { class: "tile", type: "button", title: name(entry), "aria-label": `${entry.action}: ${name(entry)}`, onclick: () => showItem(entry.item) },
          picture(entry)),
        el("p", { class: "caption" }, entry.action)))));
}

function recommendationsPanel(recommended, before) {
  const source = recommended.modelVersion ? `by ${recommended.modelVersion}` : "by neighbors and popularity";
  return el("section", { class: "card panel", id: "recommendations-panel" },
    el("div", { class: "panel-head" },
      el("h2", {}, "Recommended"),
      el("p", { class: "panel-note" }, `${source}, ${ago(recommended.generatedAt)}`)),
    recommended.items.length === 0
      ? el("p", { class: "panel-note" }, "Nothing is left to recommend.")
      : el("ol", { class: "recommendations" }, ...recommended.items.map((item) => el("li", { class: before && !before.has(item.item) ? "arrived" : null },
        el("button", { class: "tile", type: "button", onclick: () => showItem(item.item) },
          picture(item, el("span", { class: "rank" }, item.rank)),
          el("span", { class: "tile-title" }, name(item)),
          reason(item))))));
}

function reason(item) {
  const neighbor = item.reasons.find((entry) => entry.kind === "neighbor");
  if (neighbor) {
    return el("span", { class: "reason neighbor" }, `Goes with ${neighbor.title || neighbor.item}`);
  }
  const kind = item.reasons[0]?.kind ?? "model";
  return el("span", { class: `reason ${kind}` }, kind === "popularity" ? "Popular" : "Fits your taste");
}
