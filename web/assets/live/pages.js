// Shows many teams on a hall screen a page at a time, as many as fit; a changed row brings its page.
import { fill } from "./format.js";
import { setText, show } from "./dom.js";

const PAGE_MS = 8_000;
const MEASURED = 40;
const LOOSEST = 1.6;

export class HallPages {
  #rows;
  #label;
  #strings;
  #page = 0;
  #perPage = Infinity;
  #timer = 0;

  constructor(rows, label, strings) {
    this.#rows = rows;
    this.#label = label;
    this.#strings = strings;
    addEventListener("resize", () => this.fit());
    document.fonts.ready.then(() => this.fit());
    this.#turn();
  }

  // Pages of equal length, and rows as tall as that allows: a short table fills the screen too.
  fit() {
    const rows = [...this.#rows.children];
    const card = this.#rows.closest(".standings");
    card.style.removeProperty("--row");
    for (const row of rows) show(row, true);
    const room = card.getBoundingClientRect().bottom - this.#rows.getBoundingClientRect().top - 2;
    const boxes = rows.slice(0, MEASURED).map((row) => row.getBoundingClientRect());
    const tallest = Math.max(1, ...boxes.map((box) => box.height));
    const columns = Math.max(1, boxes.filter((box) => box.top === boxes[0].top).length);
    const most = Math.max(1, Math.floor(room / tallest)) * columns;
    const pages = Math.max(1, Math.ceil(rows.length / most));
    this.#perPage = Math.max(columns, Math.ceil(rows.length / pages / columns) * columns);
    const height = Math.min(room / (this.#perPage / columns), tallest * LOOSEST);
    card.style.setProperty("--row", `${Math.floor(height * 10) / 10}px`);
    this.#draw();
  }

  showRow(row) {
    const page = Math.floor([...this.#rows.children].indexOf(row) / this.#perPage);
    if (page === this.#page) return;
    this.#page = page;
    this.#draw();
    this.#turn();
  }

  #turn() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.#page += 1;
      this.#draw();
    }, PAGE_MS);
  }

  #draw() {
    const rows = [...this.#rows.children];
    const pages = Math.max(1, Math.ceil(rows.length / this.#perPage));
    this.#page %= pages;
    const first = this.#page * this.#perPage;
    for (const [index, row] of rows.entries()) show(row, index >= first && index < first + this.#perPage);
    show(this.#label, pages > 1);
    const last = Math.min(rows.length, first + this.#perPage);
    setText(this.#label, fill(this.#strings.pages, { first: first + 1, last, all: rows.length }));
  }
}
