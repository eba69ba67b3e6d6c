// A file onto the kit: chosen or dropped, sent with its way shown, and not sent twice.
import { show } from "../live/dom.js";

export class Upload {
  #form;
  #slots;
  #strings;
  #request = null;

  constructor(form, strings) {
    this.#form = form;
    this.#strings = strings;
    this.#slots = Object.fromEntries([...form.querySelectorAll("[data-slot]")].map((each) => [each.dataset.slot, each]));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#slots.abort.addEventListener("click", () => this.#request?.abort());
    this.#takeDrops();
  }

  #takeDrops() {
    const { drop } = this.#slots;
    const hasFile = (event) => event.dataTransfer?.types.includes("Files");
    // A file that misses its place must not take the page away.
    addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
    addEventListener("drop", (event) => hasFile(event) && event.preventDefault());
    this.#form.addEventListener("dragover", (event) => drop.toggleAttribute("data-over", hasFile(event)));
    this.#form.addEventListener("dragleave", () => drop.removeAttribute("data-over"));
    this.#form.addEventListener("drop", (event) => {
      drop.removeAttribute("data-over");
      if (!event.dataTransfer?.files.length) return;
      this.#choose(event.dataTransfer.files);
      show(this.#slots.refused, false);
      this.#slots.send.focus();
    });
  }

  #choose(files) {
    this.#form.elements.file.files = files;
    this.#form.elements.file.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #send() {
    const { sent, send, sending, refused } = this.#slots;
    if (this.#request) return;
    const told = new FormData(this.#form);
    const key = told.get("key");
    told.delete("key");
    if (!told.has("run")) told.set("run", "false");
    const request = (this.#request = new XMLHttpRequest());
    request.open("POST", this.#form.dataset.upload);
    request.setRequestHeader("Idempotency-Key", key);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => (sent.value = total ? loaded / total : 0));
    request.addEventListener("loadend", () => {
      this.#request = null;
      send.disabled = false;
      show(sending, false);
      if (request.status === 201) this.#sent(request.response);
      else if (request.readyState === XMLHttpRequest.DONE && request.status) this.#refuse(request.response?.detail);
      else if (!this.#aborted) this.#refuse(this.#strings.no_network);
    });
    this.#aborted = false;
    request.addEventListener("abort", () => (this.#aborted = true));
    sent.value = 0;
    send.disabled = true;
    show(refused, false);
    show(sending, true);
    request.send(told);
  }

  #aborted = false;

  #sent(job) {
    this.#choose(new DataTransfer().files);
    this.#form.elements.key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#form.dispatchEvent(new CustomEvent("uploaded", { bubbles: true, detail: job }));
  }

  #refuse(why) {
    const { refused } = this.#slots;
    refused.textContent = why ?? this.#strings.no_network;
    show(refused, true);
  }
}
