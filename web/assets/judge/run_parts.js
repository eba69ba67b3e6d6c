// The lists of the run page: what happened, what is still on this tablet, how the gates are.
import { formatClockTime } from "../live/format.js";
import { h, reconcile, setText } from "../live/dom.js";

export function drawTimeline(list, timeline, language) {
  const create = (event) => h("li", {}, h("time", { datetime: new Date(event.at_us / 1000).toISOString() }, formatClockTime(event.at_us / 1000, language, true)), h("span", {}));
  reconcile(list, [...timeline].reverse(), (event) => event.seq, create, (item, event) => setText(item.lastElementChild, event.text));
}

const CLASSES = { kept: "tag gold", sending: "tag live", refused: "tag bad" };

export function drawPresses(list, writes, strings) {
  const create = () => h("li", { class: "row between" }, h("span", {}), h("span", {}));
  reconcile(list, writes, (write) => write.key, create, (item, write) => {
    setText(item.firstElementChild, strings[`press_${write.kind}`] ?? write.kind);
    setText(item.lastElementChild, strings[`state_${write.state}`]);
    item.lastElementChild.className = CLASSES[write.state];
  });
}

export function drawGates(list, gates) {
  const create = () => h("li", { class: "row between" }, h("span", {}), h("span", {}));
  reconcile(list, gates, (gate) => `${gate.device}/${gate.point}/${gate.lane}`, create, (item, gate) => {
    setText(item.firstElementChild, gate.label);
    setText(item.lastElementChild, gate.text);
    item.lastElementChild.className = gate.ok ? "tag good" : "tag bad";
  });
}
