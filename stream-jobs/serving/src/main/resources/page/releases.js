/** The table of releases. */

import { el } from "./dom.js";
import { ago, count, metric } from "./format.js";

export function showReleases(root, releases) {
  if (releases.length === 0) {
    root.replaceChildren(el("p", { class: "panel-note" }, "None yet. Until the first one, neighbors and popularity recommend."));
    return;
  }
  root.replaceChildren(el("table", {},
    el("thead", {}, el("tr", {}, ...["Version", "", "Released"].map((text) => el("th", { scope: "col" }, text)),
      ...["Recall@20", "NDCG@20", "Users", "Items", "Dimension"].map((text) => el("th", { scope: "col", class: "number" }, text)))),
    el("tbody", {}, ...releases.map((release) => el("tr", {},
      el("td", {}, release.action === "ROLLBACK" ? `back to ${release.version}` : release.version),
      el("td", {}, chip(release)),
      el("td", {}, ago(release.releasedAt)),
      el("td", { class: "number" }, metric(release.metrics["recall@20"])),
      el("td", { class: "number" }, metric(release.metrics["ndcg@20"])),
      el("td", { class: "number" }, count(release.users)),
      el("td", { class: "number" }, count(release.items)),
      el("td", { class: "number" }, release.dimension))))));
}

function chip(release) {
  if (release.refused) return el("span", { class: "chip bad", title: release.refused }, "refused");
  if (release.inForce) return el("span", { class: "chip good" }, "in force");
  return el("span", { class: "chip" }, release.action === "ROLLBACK" ? "rollback" : "replaced");
}
