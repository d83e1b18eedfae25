/** Data quality: records that were refused, why, their bytes, and sending one again once the cause is mended. */

import * as api from "./api.js";
import { confirm, el, head, toast } from "./dom.js";
import { ago, bytes, count } from "./format.js";
import * as live from "./live.js";

const HEX_BYTES = 1024;

export function open(root) {
  const topics = el("ul", { class: "topic-chips", "aria-label": "Dead letters by topic" });
  const list = el("ol", { class: "letters", id: "letters", "aria-label": "Dead letters, newest first" });
  const older = el("button", { class: "button", type: "button", hidden: true, onclick: () => more() }, "Older ones");
  const detail = el("div", { class: "detail", id: "letter", "aria-live": "polite" });
  /** Where records were sent again to in this session, by letter. */
  const sent = new Map();
  let next = null;
  let total = -1;
  let selected = null;
  let newest = [];

  root.append(
    head("Data quality", "A record that cannot be used changes nothing: it is put aside with its bytes and the reason, and can be sent again once the cause is mended."),
    topics,
    el("div", { class: "split" }, el("div", { class: "card finder letters-card" }, el("h2", { class: "finder-label" }, "Dead letters"), list, older), detail));
  detail.append(el("div", { class: "card empty" }, "Choose a letter."));

  async function refresh() {
    try {
      const page = await api.letters(null);
      next = page.next;
      newest = page.letters;
      list.replaceChildren(...page.letters.map(entry));
      if (page.letters.length === 0) list.replaceChildren(el("li", { class: "note" }, "Every record could be used."));
      older.hidden = next === null;
      if (selected === null && page.letters.length > 0) show(page.letters[0].offset);
      if (selected !== null) follow();
    } catch (problem) {
      list.replaceChildren(el("li", { class: "note" }, problem.message));
    }
  }

  async function more() {
    try {
      const page = await api.letters(next);
      next = page.next;
      list.append(...page.letters.map(entry));
      older.hidden = next === null;
    } catch (problem) {
      toast(problem.message, "bad");
    }
  }

  function entry(letter) {
    return el("li", {}, el("a", { class: "letter-row", href: `#/quality/${letter.offset}`, "aria-current": letter.offset === selected ? "true" : null },
      el("span", { class: "letter-head" }, el("strong", {}, letter.topic), el("time", { datetime: letter.refusedAt }, ago(letter.refusedAt))),
      el("span", { class: "letter-reason" }, letter.reason)));
  }

  async function show(offset) {
    selected = offset;
    for (const link of list.querySelectorAll("a")) {
      if (link.getAttribute("href") === `#/quality/${offset}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    try {
      const letter = await api.letter(offset);
      if (offset === selected) detail.replaceChildren(letterPanel(letter), bytesPanel("Value", letter.value), bytesPanel("Key", letter.key));
      follow();
    } catch (problem) {
      if (offset === selected) detail.replaceChildren(el("div", { class: "card empty" }, problem.message));
    }
  }

  function letterPanel(letter) {
    const facts = [
      ["Record", `${letter.topic}, partition ${letter.partition}, offset ${count(letter.sourceOffset)}`],
      ["Came", new Date(letter.timestamp).toLocaleString("en-GB")],
      ["Refused", `${new Date(letter.refusedAt).toLocaleString("en-GB")} by ${letter.job}`],
      ["Letter", `offset ${count(letter.offset)}`],
    ];
    const button = el("button", { class: "button primary", type: "button", id: "replay", disabled: letter.refusal !== null || !live.writes(), onclick: () => replay(letter) }, "Send it again");
    return el("section", { class: "card panel" },
      el("div", { class: "panel-head" }, el("h2", {}, "Why it was refused")),
      el("p", { class: "alert bad", id: "letter-reason" }, letter.reason),
      el("dl", { class: "facts" }, ...facts.flatMap(([term, fact]) => [el("dt", {}, term), el("dd", {}, fact)])),
      letter.decoded ? el("div", {}, el("h3", {}, "As a record"), el("pre", { class: "decoded", tabindex: "0" }, pretty(letter.decoded))) : null,
      el("div", { class: "replay" }, button,
        el("p", { class: `note ${letter.refusal ? "" : "good-text"}`, id: "replay-note" },
          !live.writes() ? "This server takes nothing over HTTP: started without --allow-writes or --token-file." :
            letter.refusal ? `Not to be sent as things are: ${letter.refusal}` : "By today's rules it can be used.")),
      el("p", { class: "note", id: "replay-answer", role: "status" }));
  }

  async function replay(letter) {
    const sure = await confirm("Send it again?", [
      `The same bytes go to ${letter.topic} once more, at its end.`,
      letter.topic === "items" ? "An item of this id that was sent since is replaced by this one." : "An event counts by its own time, so nothing newer is undone.",
    ], "Send it again");
    if (!sure) return;
    try {
      sent.set(letter.offset, await api.replay(letter.offset));
      follow();
    } catch (problem) {
      toast(problem.message, "bad");
    }
  }

  /** Says what became of the record: whether it lies there unchallenged, or was refused again. */
  function follow() {
    const place = sent.get(selected);
    const answer = document.getElementById("replay-answer");
    if (!place || !answer) return;
    const again = newest.find((letter) => letter.topic === place.topic && letter.partition === place.partition && letter.sourceOffset === place.offset);
    answer.textContent = again ? `Sent, and refused again: ${again.reason}`
      : `Sent: ${place.topic}, partition ${place.partition}, offset ${count(place.offset)}. Nothing speaks against it so far; a new letter would show here.`;
  }

  return {
    at(offset) {
      if (offset !== undefined && /^\d+$/.test(offset)) show(Number(offset));
    },
    update(status) {
      const letters = status.deadLetters;
      if (letters.total === total) return;
      total = letters.total;
      topics.replaceChildren(...Object.entries(letters.byTopic).map(([topic, n]) => el("li", { class: "chip" }, `${topic} ${count(n)}`)),
        ...Object.entries(status.skipped).map(([topic, n]) => el("li", { class: "chip" }, `skipped here: ${topic} ${count(n)}`)));
      refresh();
    },
  };
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function bytesPanel(title, content) {
  const size = content === null ? "none" : bytes(content.size);
  return el("section", { class: "card panel" },
    el("div", { class: "panel-head" }, el("h2", {}, title), el("p", { class: "note" }, size)),
    content === null || content.size === 0 ? el("p", { class: "note" }, "There is nothing to show.")
      : el("pre", { class: "hex", tabindex: "0", "aria-label": `${title}, as hexadecimal and as text` }, dump(Uint8Array.from(atob(content.base64), (c) => c.charCodeAt(0)), content.size)));
}

/** Sixteen bytes a line: where, in hexadecimal, as text. */
function dump(data, size) {
  const lines = [];
  const end = Math.min(data.length, HEX_BYTES);
  for (let at = 0; at < end; at += 16) {
    const part = [...data.slice(at, Math.min(at + 16, end))];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  if (size > end) lines.push(`… ${count(size - end)} more bytes`);
  return lines.join("\n");
}
