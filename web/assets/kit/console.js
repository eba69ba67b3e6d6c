// What a program prints: the last lines of it, however fast they come.
import { h, show } from "../live/dom.js";
import { fill } from "../live/format.js";

const MOST_LINES = 2000;
const LONGEST_LINE = 2000;
const MOST_WAITING = 1 << 19;
const AT_END_PX = 48;

export class Console {
  #box;
  #follow;
  #strings;
  #last = 0;
  #waiting = "";
  #open = null;
  #frame = 0;
  #sticks = true;

  constructor(box, follow, strings) {
    this.#box = box;
    this.#follow = follow;
    this.#strings = strings;
    box.addEventListener("scroll", () => this.#noticeScroll(), { passive: true });
    follow.addEventListener("click", () => this.#toEnd());
  }

  // Forgets what was shown: a snapshot holds the newest of it.
  reset(chunks) {
    this.#box.replaceChildren();
    this.#open = null;
    this.#waiting = "";
    this.#last = 0;
    this.append(chunks);
  }

  append(chunks) {
    for (const { id, text, skipped } of chunks) {
      if (id <= this.#last) continue;
      this.#last = id;
      this.#waiting += text;
      if (skipped) this.#waiting += `\n${fill(this.#strings.skipped, { count: skipped })}\n`;
    }
    // A page in the background draws nothing: only what could still be shown is kept for it.
    if (this.#waiting.length > MOST_WAITING) this.#waiting = this.#waiting.slice(-MOST_WAITING);
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  // What was typed here, between what the program prints.
  echo(text) {
    this.#draw();
    this.#open = null;
    this.#box.append(h("div", { class: "typed" }, text));
    this.#trim();
    this.#toEnd();
  }

  #draw() {
    this.#frame = 0;
    if (!this.#waiting) return;
    const lines = this.#waiting.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n").slice(-MOST_LINES - 1);
    this.#waiting = "";
    const fresh = document.createDocumentFragment();
    lines.forEach((line, index) => {
      if (index) this.#open = null;
      for (let at = 0; at < line.length; at += LONGEST_LINE) {
        const piece = line.slice(at, at + LONGEST_LINE);
        if (this.#open && this.#open.textContent.length + piece.length <= LONGEST_LINE) this.#open.append(piece);
        else fresh.append((this.#open = h("div", {}, piece)));
      }
      if (!line && index < lines.length - 1) fresh.append(h("div", {}, "\u00a0"));
    });
    this.#box.append(fresh);
    this.#trim();
    if (this.#sticks) this.#toEnd();
    else show(this.#follow, true);
  }

  #trim() {
    const over = this.#box.childElementCount - MOST_LINES;
    if (over <= 0) return;
    const range = document.createRange();
    range.setStartBefore(this.#box.firstChild);
    range.setEndAfter(this.#box.children[over - 1]);
    range.deleteContents();
  }

  #noticeScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    this.#sticks = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (this.#sticks) show(this.#follow, false);
  }

  #toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#sticks = true;
    show(this.#follow, false);
  }
}
