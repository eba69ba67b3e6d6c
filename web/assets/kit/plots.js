// Live plots, one a unit and size: drawn at most ten times a second, from as many points as the picture has columns.
import uPlot from "uplot";
import { h, reconcile, setText, show } from "../live/dom.js";
import { fill, formatNumber } from "../live/format.js";
import { Buckets } from "./buckets.js";
import { groupSeries, partSeries } from "./grouping.js";

const WINDOW_MS = 30_000;
const COLUMNS = 400;
const DRAW_MS = 100;
const TELL_MS = 250;
const KNOWN_MS = 2_000; // a series of which less is known is not judged by its size
const COLOURS = 8;
const HEIGHT_PX = 200;
const SHOWN_AT_FIRST = 8;
const XS = Array.from({ length: COLUMNS * 2 }, (_, index) => ((index + 1) / (COLUMNS * 2) - 1) * (WINDOW_MS / 1000));

export class Plots {
  #slots;
  #strings;
  #known = new Map();
  #plots = [];
  #aheadMs = -Infinity;
  #drawn = 0;
  #told = 0;
  #frame = 0;
  #heldMs = null;
  #fresh = false;

  constructor(slots, strings) {
    this.#slots = slots;
    this.#strings = strings;
    slots.pause.addEventListener("click", () => this.#hold(this.#heldMs === null));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#build());
    new ResizeObserver(() => this.#fit()).observe(slots.plots);
  }

  // What may be plotted; the choice of what is shown stays.
  setSeries(series) {
    const wanted = new Set(series.map(({ key }) => key));
    for (const key of this.#known.keys()) if (!wanted.has(key)) this.#known.delete(key);
    for (const { key, name, unit } of series) {
      const known = this.#known.get(key);
      if (known) Object.assign(known, { name, unit });
      else this.#known.set(key, { key, name, unit, shown: this.#known.size < SHOWN_AT_FIRST && !key.startsWith("battery/"), buckets: new Buckets(WINDOW_MS, COLUMNS) });
    }
    [...this.#known.values()].forEach((each, index) => (each.style = index));
    this.#list();
    this.#build();
  }

  add(series) {
    for (const { key, points } of series) {
      const known = this.#known.get(key);
      if (!known || !points.length) continue;
      for (const [atUs, value] of points) known.buckets.add(atUs / 1000, value);
      // The plot's clock is the lab's: as far ahead of this page's as the promptest reading says.
      this.#aheadMs = Math.max(this.#aheadMs, points.at(-1)[0] / 1000 - performance.now());
      this.#fresh = true;
    }
    this.#wake();
  }

  // What was measured shortly before the page was opened, or while it was not connected.
  async load(address, nowUs) {
    const from = nowUs - WINDOW_MS * 1000;
    for (const { key, shown } of [...this.#known.values()]) {
      if (!shown) continue;
      const answer = await fetch(`${address}/series/${key}?from=${from}&points=${COLUMNS}`).catch(() => null);
      if (!answer?.ok) return;
      const { points } = await answer.json();
      const both = points.flatMap(([atUs, , low, high]) => (low === high ? [[atUs, low]] : [[atUs, low], [atUs, high]]));
      this.add([{ key, points: both }]);
    }
  }

  get keys() {
    return [...this.#known.keys()];
  }

  #wake() {
    this.#frame ||= requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now) {
    this.#frame = 0;
    const endMs = now + this.#aheadMs;
    if (this.#heldMs === null && now - this.#drawn >= DRAW_MS) {
      this.#drawn = now;
      for (const plot of this.#plots) plot.draw(endMs);
    }
    if (this.#fresh && now - this.#told >= TELL_MS) {
      this.#told = now;
      this.#fresh = false;
      this.#tell();
      this.#part();
    }
    // Once all has left the picture there is nothing to move.
    const newest = Math.max(...[...this.#known.values()].map(({ buckets }) => buckets.newest));
    if (this.#fresh || (this.#heldMs === null && endMs - newest < WINDOW_MS + 1000)) this.#wake();
  }

  #hold(still) {
    this.#heldMs = still ? performance.now() : null;
    this.#slots.pause.setAttribute("aria-pressed", String(still));
    setText(this.#slots.pause, still ? this.#strings.go_on : this.#strings.pause);
    this.#wake();
  }

  #list() {
    const series = [...this.#known.values()];
    show(this.#slots.none, !series.length);
    show(this.#slots.history, series.length > 0);
    show(this.#slots.pause, series.length > 0);
    reconcile(
      this.#slots.series,
      series,
      ({ key }) => key,
      () => h("li", {}),
      (item, each) => {
        if (item.dataset.ready !== `${each.name}|${each.unit}|${each.style}`) this.#dress(item, each);
      },
    );
  }

  #dress(item, each) {
    item.dataset.ready = `${each.name}|${each.unit}|${each.style}`;
    const last = item.querySelector("[data-slot=last]")?.textContent ?? "—";
    const box = h("input", { type: "checkbox", "aria-label": fill(this.#strings.show, { name: each.name }) });
    box.checked = each.shown;
    box.addEventListener("change", () => {
      each.shown = box.checked;
      this.#build();
    });
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 28 8");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", `line line-${(each.style % COLOURS) + 1}${each.style >= COLOURS ? " dashed" : ""}`);
    svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    svg.firstChild.setAttribute("d", "M1 4H27");
    const unit = each.unit && each.unit !== "#" ? each.unit : "";
    item.replaceChildren(
      h("label", { class: "choice" }, box, svg, h("span", { class: "grow" }, each.name), h("b", { class: "num", "data-slot": "last" }, last), h("span", { class: "soft" }, unit)),
    );
  }

  #tell() {
    for (const item of this.#slots.series.children) {
      const value = this.#known.get(item.dataset.key)?.buckets.last;
      if (value !== null && value !== undefined) {
        setText(item.querySelector("[data-slot=last]"), formatNumber(Number(value.toPrecision(5)), this.#strings.language));
      }
    }
  }

  #part() {
    const series = [...this.#known.values()];
    for (const each of series) each.size = each.buckets.size(KNOWN_MS);
    if (partSeries(series)) this.#build();
  }

  #build() {
    for (const plot of this.#plots) plot.close();
    const groups = groupSeries([...this.#known.values()].filter(({ shown }) => shown));
    const units = groups.map(([{ unit }]) => (unit === "#" ? "" : unit));
    this.#plots = groups.map((series, index) => {
      const alone = units.indexOf(units[index]) === units.lastIndexOf(units[index]);
      return new Plot(this.#slots.plots, series, alone, this.#strings);
    });
    const endMs = (this.#heldMs ?? performance.now()) + this.#aheadMs;
    for (const plot of this.#plots) plot.draw(endMs);
    this.#wake();
  }

  #fit() {
    for (const plot of this.#plots) plot.fit();
  }
}

class Plot {
  #series;
  #figure;
  #uplot;

  // `alone`: no other plot has its unit, so that the unit says which one it is.
  constructor(parent, series, alone, strings) {
    this.#series = series;
    const [{ unit }] = series;
    const names = series.map(({ name }) => name).join(", ");
    const label = unit && unit !== "#" ? unit : alone ? strings.no_unit : names;
    const told = fill(strings.plot, { names });
    this.#figure = h("figure", { role: "img", "aria-label": label === names ? told : `${label}: ${told}` }, h("figcaption", { class: "soft small" }, label));
    parent.append(this.#figure);
    const style = getComputedStyle(parent);
    const [ink, grid] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
    const font = "12px Onest Variable, sans-serif";
    const number = (value) => formatNumber(Number(value.toPrecision(6)), strings.language);
    const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    this.#uplot = new uPlot(
      {
        width: this.#width(),
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: [-WINDOW_MS / 1000, 0] } },
        axes: [
          { ...axis, size: 30, values: (_, values) => values.map((value) => (value ? `${number(value)} ${strings.seconds}` : "")) },
          { ...axis, size: 56, values: (_, values) => values.map(number) },
        ],
        series: [
          {},
          ...series.map((each) => ({
            stroke: style.getPropertyValue(`--plot-${(each.style % COLOURS) + 1}`),
            width: 2,
            dash: each.style >= COLOURS ? [6, 4] : undefined,
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      [XS, ...series.map(() => XS.map(() => null))],
      this.#figure,
    );
  }

  draw(endMs) {
    this.#uplot.setData([XS, ...this.#series.map(({ buckets }) => buckets.values(endMs))]);
  }

  fit() {
    this.#uplot.setSize({ width: this.#width(), height: HEIGHT_PX });
  }

  close() {
    this.#uplot.destroy();
    this.#figure.remove();
  }

  #width() {
    return Math.max(240, Math.floor(this.#figure.getBoundingClientRect().width));
  }
}
