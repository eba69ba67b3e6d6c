// <live-html src="…"> keeps its [data-live] part as the server renders it; without scripts it stays as it was sent.
import { morphChildren } from "./live/morph.js";
import { LiveSource } from "./live/source.js";

class LiveHtml extends HTMLElement {
  #source;

  connectedCallback() {
    this.#source = new LiveSource(this.getAttribute("src"), "change");
    this.#source.addEventListener("state", (event) => {
      const fresh = new DOMParser().parseFromString(event.detail.html, "text/html").body;
      morphChildren(this.querySelector("[data-live]"), fresh);
    });
    this.#source.addEventListener("line", () => {
      this.querySelector("[data-offline]")?.toggleAttribute("hidden", this.#source.connected);
    });
    this.#source.open();
  }

  disconnectedCallback() {
    this.#source.close();
  }
}

customElements.define("live-html", LiveHtml);
