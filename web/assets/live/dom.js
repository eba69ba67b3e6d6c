// h("p", {class: "soft"}, "text", child): an element; a property that is null or false is left out.
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Writes only what differs, so that nothing jumps and a screen reader is not told twice.
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export const show = (element, visible) => element?.toggleAttribute("hidden", !visible);

export const readJson = (id) => JSON.parse(document.getElementById(id).textContent);

// Brings the children of `parent` to `items`, each known by key: kept elements keep their focus and state.
export function reconcile(parent, items, keyOf, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = old.get(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    old.delete(key);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    update(element, item);
  }
  for (const element of old.values()) element.remove();
}
