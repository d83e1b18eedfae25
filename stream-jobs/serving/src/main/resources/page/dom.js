/** Small helpers to build elements; text is only ever set as text. */

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

/** The picture of an item, or one drawn from its id where there is none or it does not load. */
export function picture(item, ...overlays) {
  const frame = el("span", { class: "picture" });
  const url = safe(item.imageUrl);
  if (url) {
    const image = el("img", { src: url, alt: "", loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.replaceWith(placeholder(item.item ?? item.id)));
    frame.append(image);
  } else {
    frame.append(placeholder(item.item ?? item.id));
  }
  frame.append(...overlays);
  return frame;
}
