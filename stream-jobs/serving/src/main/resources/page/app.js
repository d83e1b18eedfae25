/** The page: tabs by address (#/users/42), each a view of its own; the status comes once a second as server-sent events. */

import { askForToken, el, icon } from "./dom.js";
import { count } from "./format.js";
import * as live from "./live.js";
import { onRefused } from "./session.js";
import * as graph from "./graph.js";
import * as items from "./items.js";
import * as models from "./models.js";
import * as overview from "./overview.js";
import * as quality from "./quality.js";
import * as users from "./users.js";

const VIEWS = {
  overview: { view: overview, title: "Overview", icon: "pulse" },
  users: { view: users, title: "Users", icon: "person" },
  items: { view: items, title: "Items", icon: "tag" },
  models: { view: models, title: "Models", icon: "box" },
  graph: { view: graph, title: "Graph", icon: "nodes" },
  quality: { view: quality, title: "Data quality", icon: "shield" },
};

const main = document.getElementById("main");
const tabs = document.getElementById("tabs");
const dot = document.getElementById("connection-dot");
const text = document.getElementById("connection-text");
const footnote = document.getElementById("footnote");

let shown = null;
let current = null;

/** The view and its arguments that the address names. */
function address() {
  const [name, ...args] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  return VIEWS[name] ? { name, args } : { name: "overview", args: [] };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function show() {
  const { name, args } = address();
  if (current !== name) {
    shown?.close?.();
    main.replaceChildren();
    document.title = `${VIEWS[name].title} · Freshet`;
    window.scrollTo(0, 0);
    shown = VIEWS[name].view.open(main);
    current = name;
    for (const tab of tabs.children) {
      if (tab.dataset.view === name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
  }
  shown.at?.(...args);
  if (live.status()) shown.update?.(live.status());
}

function connection(state, words) {
  dot.className = `dot ${state}`;
  text.textContent = words;
}

tabs.append(...Object.entries(VIEWS).map(([name, tab]) =>
  el("a", { href: `#/${name}`, "data-view": name }, icon(tab.icon), el("span", {}, tab.title),
    name === "quality" ? el("span", { class: "badge", hidden: true }) : null)));

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

onRefused(askForToken);
live.follow((status) => {
  connection(status.ready ? "live" : "", status.ready ? "live" : status.state.toLowerCase());
  const letters = status.deadLetters.total;
  const badge = tabs.querySelector(".badge");
  badge.hidden = letters === 0;
  badge.textContent = letters > 99 ? "99+" : letters;
  badge.setAttribute("aria-label", `${count(letters)} dead letters`);
  footnote.textContent = `Freshet ${status.version}, up since ${new Date(status.startedAt).toLocaleString("en-GB")}`;
  shown?.update?.(status);
}, () => connection("lost", "connection lost, trying again"));

window.addEventListener("hashchange", show);
show();
