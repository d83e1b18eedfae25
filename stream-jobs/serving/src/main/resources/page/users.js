/** Users: who there is; what one did, gets, and who is like them; a click on the list changes it before your eyes. */

import * as api from "./api.js";
import { el, head, icon, meter, picture, toast } from "./dom.js";
import { ago, count, graphName, millis, name, percent, shares } from "./format.js";
import * as live from "./live.js";
import { finder, itemAddress, tile, userAddress } from "./tiles.js";

const LIST_EVERY = 2000;
const HISTORY_SHOWN = 60;
const ACTIONS = ["click", "like", "cart", "purchase", "view"];

/** After a click the new list is asked for at these times, in milliseconds, until it is there. */
const LOOKS = [60, 120, 200, 350, 600, 1000, 2000];

export function open(root) {
  const person = el("div", { class: "detail", id: "person", "aria-live": "polite" });
  let selected = null;
  let shown = null;
  let listedAt = 0;
  let outputs = -1;
  let refreshing = false;
  let again = false;
  let neighborGraph = "embedding";

  const box = finder("Find a user", "by the beginning of the id", async (prefix) => {
    const { users } = await api.users(prefix);
    if (selected === null && users.length > 0 && prefix === "") {
      selected = users[0].user;
      showUser();
    }
    if (users.length === 0) return [el("p", { class: "note" }, prefix ? "Nobody by this id." : "Nobody yet.")];
    return users.map((user) => el("a", {
      class: "found-user", href: userAddress(user.user), "aria-current": user.user === selected ? "true" : null,
    }, el("span", { class: "found-name" }, user.user), el("time", { datetime: user.lastActivity }, ago(user.lastActivity))));
  });
  root.append(
    head("Users", "Every interaction refreshes its user's vector and list at once. Send one, and watch."),
    el("div", { class: "split" }, box.element, person));

  /** Brings list and user up to date; calls while one is under way become one more after it. */
  async function refresh() {
    if (refreshing) {
      again = true;
      return;
    }
    refreshing = true;
    try {
      do {
        again = false;
        await Promise.all([box.refresh(), showUser()]);
      } while (again);
    } finally {
      refreshing = false;
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
      if (user === selected) put(user, profile, recommended);
    } catch (problem) {
      if (user !== selected) return;
      shown = null;
      person.replaceChildren(el("div", { class: "card empty" }, problem.message));
    }
  }

  /** Shows a user; of one that is shown already, what moved in the list is marked. */
  function put(user, profile, recommended) {
    const key = JSON.stringify([profile, recommended]);
    if (key === shown?.key) return;
    const before = shown?.user === user ? shown.ranks : null;
    const places = before ? positions(person) : null;
    const focus = person.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    shown = { key, user, ranks: new Map(recommended.items.map((item) => [item.item, item.rank])), generatedAt: recommended.generatedAt };
    const neighbors = person.querySelector(".neighbors-panel");
    person.replaceChildren(
      historyPanel(profile, send), recommendationsPanel(recommended, profile, before, send),
      before && neighbors ? neighbors : neighborsPanel(user, profile.embedding !== null));
    if (places) move(person, places);
    if (focus) person.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
  }

  async function send(item, action) {
    const user = selected;
    const before = shown?.generatedAt;
    const start = performance.now();
    try {
      const sent = await api.interact(user, item.item, action);
      const acknowledged = performance.now() - start;
      for (const pause of LOOKS) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (user !== selected) return;
        const [profile, recommended] = await Promise.all([api.user(user), api.recommendations(user)]);
        if (recommended.generatedAt === before) continue;
        const fresh = Date.parse(recommended.generatedAt) - Date.parse(sent.eventTime);
        put(user, profile, recommended);
        toast(`${action} of ${name(item)}: on the topic after ${millis(acknowledged)} (partition ${sent.partition}, offset ${sent.offset}), the list made ${millis(Math.max(0, fresh))} after the event.`, "good");
        return;
      }
      toast(`${action} of ${name(item)} is on the topic (partition ${sent.partition}, offset ${sent.offset}); the list has not changed yet.`);
    } catch (problem) {
      toast(problem.message, "bad");
    }
  }

  function neighborsPanel(user, embedded) {
    const list = el("ul", { class: "people-like" });
    const graphs = [...(embedded ? ["embedding"] : []), "user-jaccard", ...Object.keys(live.status()?.graphs ?? {}).filter((graph) => graph.startsWith("user-") && graph !== "user-jaccard")];
    const choice = el("select", { id: "user-graph", "aria-label": "Alike by", onchange: () => {
      neighborGraph = choice.value;
      show(choice.value);
    } },
      ...graphs.map((graph) => el("option", { value: graph, selected: graph === neighborGraph }, graphName(graph))));
    async function show(graph) {
      try {
        const { neighbors } = await api.similarUsers(user, graph, 12);
        list.replaceChildren(...(neighbors.length ? neighbors.map((other) => el("li", {}, el("a", { class: "like-row", href: userAddress(other.id) },
          el("span", { class: "found-name" }, other.id), meter(Math.min(1, other.weight), `similarity ${other.weight.toFixed(3)}`),
          el("span", { class: "item-row-figure" }, other.weight.toFixed(3))))) : [el("li", { class: "note" }, "Nobody is like this one yet.")]));
      } catch (problem) {
        list.replaceChildren(el("li", { class: "note" }, problem.message));
      }
    }
    show(choice.value);
    return el("section", { class: "card panel neighbors-panel" },
      el("div", { class: "panel-head" }, el("h2", {}, "People like this one"), choice), list);
  }

  return {
    at(user) {
      selected = user ?? selected;
      if (shown?.user !== selected) shown = null;
      refresh();
    },
    update(status) {
      const now = Date.now();
      const changed = status.recommendations.total !== outputs;
      if (status.ready && !document.hidden && changed && now - listedAt >= LIST_EVERY) {
        listedAt = now;
        outputs = status.recommendations.total;
        refresh();
      }
    },
  };
}

function historyPanel(profile, send) {
  const vector = profile.embedding;
  const words = { trained: "vector as trained", refreshed: "vector refreshed since training", inductive: "vector by neighbors and history", folded_in: "vector from the history" };
  return el("section", { class: "card panel" },
    el("div", { class: "panel-head" },
      el("h2", {}, `User ${profile.user}`),
      el("p", { class: "note" }, `${count(profile.live)} ${profile.live === 1 ? "item" : "items"}, last active ${ago(profile.lastActivity)}; ${vector ? words[vector.refreshed] : "no vector yet"}`)),
    profile.history.length === 0
      ? el("p", { class: "note" }, "Has nothing at the moment.")
      : el("ul", { class: "history", tabindex: "0", "aria-label": "History, newest first" }, ...profile.history.slice(0, HISTORY_SHOWN).map((entry) => el("li", {},
        el("a", { class: "tile-link", title: name(entry), href: itemAddress(entry.item), "aria-label": `${entry.action}: ${name(entry)}` }, picture(entry)),
        el("p", { class: "caption" }, entry.action),
        live.writes() ? el("button", {
          class: "take-back", type: "button", title: "Take it back", "aria-label": `Take back: ${name(entry)}`, "data-key": `back ${entry.item}`,
          onclick: (event) => press(event, () => send(entry, "remove")),
        }, "↶") : null))));
}

function recommendationsPanel(recommended, profile, before, send) {
  const did = new Map(profile.history.map((entry) => [entry.item, entry.action]));
  const by = recommended.modelVersion ? `by ${recommended.modelVersion}` : "by neighbors and popularity";
  const source = recommended.arm === "all" ? by : `${by}, arm ${recommended.arm}`;
  const action = el("select", { id: "action", "aria-label": "What to send" }, ...ACTIONS.map((each) => el("option", { value: each }, each)));
  action.value = recommendationsPanel.action ?? "click";
  const buttons = [];
  const label = () => `Send ${action.value}`;
  action.addEventListener("change", () => {
    recommendationsPanel.action = action.value;
    for (const button of buttons) button.lastChild.textContent = label();
  });
  function sendButton(item) {
    const button = el("button", {
      class: "button send", type: "button", "data-key": `send ${item.item}`,
      onclick: (event) => press(event, () => send(item, action.value)),
    }, icon("events"), el("span", {}, label()));
    buttons.push(button);
    return button;
  }
  return el("section", { class: "card panel", id: "recommendations-panel" },
    el("div", { class: "panel-head" },
      el("h2", {}, "Recommended"),
      el("p", { class: "note grow" }, `${source}, ${ago(recommended.generatedAt)}`),
      live.writes() ? el("label", { class: "choice" }, "send a", action) : el("p", { class: "note" }, "clicks are off: started without --allow-writes or --token-file")),
    recommended.items.length === 0
      ? el("p", { class: "note" }, "Nothing is left to recommend.")
      : el("ol", { class: "recommendations" }, ...recommended.items.map((item) => el("li", { "data-item": item.item },
        tile(item, [el("span", { class: "rank" }, item.rank), moved(item, before)], reasons(item, did), live.writes() ? sendButton(item) : null)))));
}

/** Presses a button once until what it does is done. */
async function press(event, action) {
  const button = event.currentTarget;
  button.disabled = true;
  await action();
  button.disabled = false;
}

/** How an item has moved since the list before. */
function moved(item, before) {
  if (!before) return null;
  const rank = before.get(item.item);
  if (rank === undefined) return el("span", { class: "moved new" }, "new");
  if (rank === item.rank) return null;
  return rank > item.rank ? el("span", { class: "moved up", "aria-label": `up from ${rank}` }, `▲ ${rank - item.rank}`)
    : el("span", { class: "moved down", "aria-label": `down from ${rank}` }, `▼ ${item.rank - rank}`);
}

const positions = (root) => new Map([...root.querySelectorAll("[data-item]")].map((each) => [each.dataset.item, each.getBoundingClientRect()]));

/** Lets what was there before glide to its new place. */
function move(root, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const each of root.querySelectorAll("[data-item]")) {
    const from = before.get(each.dataset.item);
    const to = each.getBoundingClientRect();
    const frames = from
      ? [{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: "none" }]
      : [{ opacity: 0, transform: "scale(.9)" }, { opacity: 1, transform: "none" }];
    each.animate(frames, { duration: 500, easing: "cubic-bezier(.2, .8, .3, 1)" });
  }
}

const DONE = { click: "clicked", like: "liked", cart: "put in the cart", purchase: "bought", view: "viewed" };

/** @param did action of the user by item */
function reasons(item, did) {
  const known = {
    neighbor: (reason) => `similar to ${reason.title || reason.item}${did.has(reason.item) ? `, ${DONE[did.get(reason.item)] ?? did.get(reason.item)}` : ""}`,
    model: (reason) => `fits the taste${reason.modalityWeights ? `: ${shares(reason.modalityWeights)}` : ""}`
      + `${reason.uncertainty === undefined ? "" : `; ${percent(reason.uncertainty)} uncertain`}`,
    popularity: () => "popular",
  };
  const shown = item.reasons.length ? item.reasons.slice(0, 2) : [{ kind: "model" }];
  return el("ul", { class: "reasons" }, ...shown.map((reason) => el("li", { class: `reason ${known[reason.kind] ? reason.kind : "other"}` },
    known[reason.kind]?.(reason) ?? `${reason.kind}${reason.title || reason.item ? `: ${reason.title || reason.item}` : ""}`)));
}
