// What did not change is left alone, so that focus, an open fold and a reader's place survive.
export function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, index) => {
    const there = old.childNodes[index];
    const byId = node.id && [...old.children].find((child) => child.id === node.id);
    if (byId && byId !== there) old.insertBefore(byId, there ?? null);
    const current = byId || there;
    if (!current) old.append(node);
    else if (current.nodeName !== node.nodeName || (current.id ?? "") !== (node.id ?? "")) old.replaceChild(node, current);
    else if (!current.isEqualNode(node)) morph(current, node);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function morph(current, fresh) {
  if (current.nodeType !== Node.ELEMENT_NODE) {
    current.nodeValue = fresh.nodeValue;
    return;
  }
  const kept = current.nodeName === "DETAILS" ? ["open"] : [];
  for (const { name } of [...current.attributes]) {
    if (!fresh.hasAttribute(name) && !kept.includes(name)) current.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  morphChildren(current, fresh);
}
