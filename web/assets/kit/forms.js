// Presses that need no new page: sent in the background, with the answer told below.
import { fill } from "../live/format.js";

const TOAST_MS = 6_000;

export class Toast {
  #element;
  #timer = 0;

  constructor(element) {
    this.#element = element;
  }

  show(text, bad = false) {
    clearTimeout(this.#timer);
    this.#element.textContent = text;
    this.#element.classList.toggle("bad", bad);
    this.#timer = setTimeout(() => (this.#element.textContent = ""), bad ? 3 * TOAST_MS : TOAST_MS);
  }
}

// Posts the form; resolves to null, or to what went wrong in a person's words.
export async function post(form, extra, strings) {
  const told = new FormData(form);
  for (const [name, value] of Object.entries(extra)) told.set(name, value);
  try {
    const answer = await fetch(form.action, { method: "POST", body: told, headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.ok) return null;
    return (await answer.json()).detail;
  } catch {
    return strings.no_network;
  }
}

// The line typed for the program, with the lines before it under the arrow keys.
export class SendBox {
  #form;
  #before = [];
  #at = 0;

  constructor(form, strings, { sent, failed }) {
    this.#form = form;
    const { text } = form.elements;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const line = text.value;
      const sending = post(form, {}, strings);
      text.value = "";
      this.#remember(line);
      const why = await sending;
      if (why === null) return sent(fill("› {line}", { line }));
      if (!text.value) text.value = line;
      failed(why);
    });
    text.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step || !this.#before.length) return;
      event.preventDefault();
      this.#at = Math.min(this.#before.length, Math.max(0, this.#at + step));
      text.value = this.#before[this.#at] ?? "";
    });
  }

  #remember(line) {
    if (line && this.#before.at(-1) !== line) this.#before.push(line);
    if (this.#before.length > 50) this.#before.shift();
    this.#at = this.#before.length;
  }
}
