/** An element with properties, `on…` listeners, attributes (`aria-…`, `data-…`, `for`, `role`) and children. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byID = (id) => document.getElementById(id);

/** Says something to those who listen instead of looking. */
export function announce(text) { byID("announcer").textContent = text; }

/** Replaces the children of a list, keyed, so that what did not change keeps its place, focus and playback. */
export function reconcile(parent, items, key, make, update) {
  const wanted = new Set(items.map((item) => String(key(item))));
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  // First of all, or those behind one that is gone would be moved, and lose the focus.
  for (const [name, child] of known) if (!wanted.has(name)) child.remove();
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = known.get(name);
    if (!child) {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child !== place) parent.insertBefore(child, place);
    else place = place.nextElementSibling;
  }
}
