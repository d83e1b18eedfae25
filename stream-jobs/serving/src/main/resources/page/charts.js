/** Charts by Apache ECharts, loaded when the first one is shown, in the colours of the page. */

import { el } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

let library;

const load = () => (library ??= import("./vendor/echarts.esm.min.js"));

/** A colour of the style sheet. */
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Colours that tell series apart, in order. */
export const SHADES = ["accent", "accent-2", "warn", "good"];

/** What all charts have in common. Tooltips are drawn: the page allows no styles in markup. */
function common() {
  return {
    animation: !still.matches,
    animationDuration: 500,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: color("soft") },
    tooltip: {
      renderMode: "richText",
      backgroundColor: color("card"),
      borderColor: color("faint"),
      textStyle: { color: color("ink"), fontSize: 12 },
      confine: true,
    },
  };
}

/** An axis in the page's colours. */
export function axis(type, name, more = {}) {
  return {
    type, name, nameTextStyle: { color: color("soft"), align: "left" }, nameGap: 10,
    axisLine: { lineStyle: { color: color("faint") } }, axisTick: { show: false },
    axisLabel: { color: color("soft"), hideOverlap: true },
    splitLine: { show: type === "value" || type === "log", lineStyle: { color: color("fainter") } },
    ...more,
  };
}

/**
 * A chart, drawn anew when the colours or the size change.
 *
 * label: what it shows, for those who do not see it
 * option: answers ECharts' option for what is given to draw()
 */
export class Chart {
  constructor(label, option, className = "") {
    this.option = option;
    this.element = el("div", { class: `chart ${className}`, role: "img", "aria-label": label });
    this.repaint = () => this.draw(this.data, true);
    dark.addEventListener("change", this.repaint);
    this.sizes = new ResizeObserver(() => this.chart?.resize());
    this.sizes.observe(this.element);
  }

  async draw(data, anew = false) {
    this.data = data;
    if (data === undefined) return;
    const echarts = await load();
    if (this.closed || !this.element.isConnected) return;
    this.chart ??= echarts.init(this.element, null, { renderer: "canvas" });
    for (const [event, take] of Object.entries(this.handlers ?? {})) this.chart.off(event).on(event, take);
    const option = { ...common(), ...this.option(this.data) };
    option.tooltip = { ...common().tooltip, ...option.tooltip };
    this.chart.setOption(option, { notMerge: anew });
    this.element.dataset.drawn = "true";
  }

  on(event, take) {
    this.handlers = { ...this.handlers, [event]: take };
    return this;
  }

  close() {
    this.closed = true;
    dark.removeEventListener("change", this.repaint);
    this.sizes.disconnect();
    this.chart?.dispose();
  }
}
