/** Small helpers to build elements; text is only ever set as text. */

import { isOwn, send, token } from "./session.js";

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const ICONS = {
  pulse: "M3 12h4l2.5-7 5 14 2.5-7h4",
  person: "M12 4.5a3.6 3.6 0 1 0 .01 0M5 20c.6-4 3.4-6 7-6s6.4 2 7 6",
  tag: "M4 5v6.5l8.5 8.5 7-7L11 4.5H5zM8 8.5h.01",
  box: "M12 3.5l7.5 4.2v8.6L12 20.5l-7.5-4.2V7.7zM4.5 7.7L12 12l7.5-4.3M12 12v8.5",
  nodes: "M6 6.5a2.2 2.2 0 1 0 .01 0M18 5a2.2 2.2 0 1 0 .01 0M13 16.5a2.2 2.2 0 1 0 .01 0M7.3 10.2l4.5 6.6M17.2 9.2l-3.6 7.5M8.2 8.4l7.6-1",
  shield: "M12 3.5l7 2.7v5.3c0 4.5-2.9 7.5-7 9-4.1-1.5-7-4.5-7-9V6.2zM9 12l2.2 2.2L15.3 10",
  events: "M4 12h4l2-6 4 12 2-6h4",
  graph: "M6 7a2 2 0 1 0 .01 0M18 6a2 2 0 1 0 .01 0M12 17a2 2 0 1 0 .01 0M8 10.5l3 6.5M16.8 9.5l-3.6 7.5M8 8.6l8-1",
  snapshot: "M4 8h4l1.5-2h5L16 8h4v11H4zM12 10.5a3 3 0 1 0 .01 0",
  trainer: "M4 19V5M4 19h16M7 14l4-4 3 2 5-6",
  release: "M12 4l7 4v8l-7 4-7-4V8zM5 8l7 4 7-4M12 12v8",
  serving: "M13 3L5 13.5h6L10.5 21 19 10h-6.5z",
  recommendations: "M12 5l2.1 4.4 4.9.7-3.5 3.4.8 4.8L12 16l-4.3 2.3.8-4.8L5 10.1l4.9-.7z",
  clock: "M12 4a8 8 0 1 0 .01 0M12 8v4.5l3 2",
  bell: "M6 17h12l-1.5-2.5V11a4.5 4.5 0 0 0-9 0v3.5zM10.5 19.5h3",
};

export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", fill: "none", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }));
}

/** A hash of a string, the same on every visit. */
function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

/** A picture drawn from an item's id: calm waves in colours of its own. */
function placeholder(id) {
  const h = hash(id);
  const hue = h % 360;
  const level = (n) => 34 + ((h >>> (5 * n)) % 30);
  const wave = (n, y) => {
    const shift = (h >>> (4 * n + 3)) % 24;
    return svg("path", {
      d: `M-${shift} ${y} q 15 -${8 + shift / 4} 30 0 t 30 0 t 30 0 t 30 0 t 30 0 V 100 H -${shift} Z`,
      fill: `hsl(${(hue + 14 * n) % 360} 48% ${78 - 9 * n}%)`,
    });
  };
  const picture = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" });
  picture.append(
    svg("rect", { width: 100, height: 100, fill: `hsl(${hue} 46% 90%)` }),
    svg("circle", { cx: 24 + (h % 50), cy: 26 + (h % 9), r: 9, fill: `hsl(${(hue + 40) % 360} 62% 80%)` }),
    wave(0, level(0)), wave(1, level(1) + 14), wave(2, level(2) + 26));
  return picture;
}

/** Only addresses of pictures: of this server, http(s), or inline, which an img shows without running anything in it. */
function safe(url) {
  return typeof url === "string" && /^(\/(?!\/)|https?:\/\/|data:image\/)/i.test(url) ? url : null;
}

/** Pictures of this server that were fetched with the token, by their address. */
const fetched = new Map();

/** The address of an item's picture for an img, or null; a picture of this server comes with the token, where there is one. */
export async function pictureSource(item) {
  const url = safe(item.imageUrl);
  if (url === null || token() === null || !isOwn(url)) return url;
  if (!fetched.has(url)) {
    const source = send(url).then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(url)))).then(URL.createObjectURL);
    fetched.set(url, source);
    // It may be there the next time.
    source.catch(() => fetched.delete(url));
  }
  return fetched.get(url);
}

/** The picture of an item, or one drawn from its id where there is none or it does not load. */
export function picture(item, ...overlays) {
  const frame = el("span", { class: "picture" });
  const url = safe(item.imageUrl);
  if (url) {
    const image = el("img", { alt: "", loading: "lazy", decoding: "async" });
    const draw = () => image.replaceWith(placeholder(item.item ?? item.id));
    image.addEventListener("error", draw);
    pictureSource(item).then((source) => { image.src = source; }, draw);
    frame.append(image);
  } else {
    frame.append(placeholder(item.item ?? item.id));
  }
  frame.append(...overlays);
  return frame;
}

/** A short word to the reader that goes by itself. */
export function toast(words, kind = "") {
  const box = el("p", { class: `toast ${kind}` }, words);
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 7000);
}

/** Asks before something that cannot be undone at once; answers whether to go on. */
export function confirm(title, words, action) {
  const dialog = document.getElementById("confirm");
  return new Promise((resolve) => {
    const close = (answer) => () => {
      dialog.returnValue = answer;
      dialog.close();
    };
    dialog.replaceChildren(
      el("h2", { id: "confirm-title" }, title), ...words.map((line) => el("p", {}, line)),
      el("div", { class: "confirm-buttons" },
        el("button", { type: "button", class: "button", onclick: close("") }, "Leave it"),
        el("button", { type: "button", class: "button primary", onclick: close("yes") }, action)));
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

/** Asks for the token of this server until one is given. */
export function askForToken(wrong) {
  const dialog = document.getElementById("token");
  const field = el("input", { type: "password", id: "token-field", autocomplete: "current-password", required: true, pattern: "[\\-A-Za-z0-9._~+\\/]+=*" });
  return new Promise((resolve) => {
    const form = el("form", { method: "dialog", onsubmit: () => resolve(field.value.trim()) },
      el("h2", { id: "token-title" }, "This server asks for a token"),
      el("p", {}, wrong ? "That was not it. " : "", "Whoever runs it has it. It is kept until this tab is closed."),
      el("label", { for: "token-field" }, "Token"), field,
      el("div", { class: "confirm-buttons" }, el("button", { class: "button primary" }, "Go on")));
    dialog.replaceChildren(form);
    dialog.oncancel = (event) => event.preventDefault();
    dialog.showModal();
  });
}

/** The head of a view: its name, a line on it, and what there is to press. */
export function head(title, line, ...tools) {
  return el("div", { class: "view-head" },
    el("div", {}, el("h1", {}, title), el("p", { class: "lead" }, line)), el("div", { class: "view-tools" }, ...tools));
}

/** A horizontal bar for a share of one. */
export function meter(share, words, kind = "") {
  const fill = el("span");
  fill.style.width = `${Math.round(100 * Math.max(0, Math.min(1, share)))}%`;
  return el("div", { class: `bar ${kind}`, role: "img", "aria-label": words }, fill);
}
