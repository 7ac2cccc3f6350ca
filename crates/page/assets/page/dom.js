// Makes elements.
//
// Invariant: a string becomes a text node or an attribute, never markup. Nobody else makes elements.

/** @typedef {Node | string | null | undefined | false} Child */

/** An element. `on…` are listeners, `class` its classes, `data` its data; all else are attributes.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [given] @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]} */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'data') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** One of the page's own elements. @param {string} id @returns {any} */
export function the(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}.`);
  return element;
}

/** A picture out of index.html. @param {string} id */
export function icon(id) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${id}`);
  svg.setAttribute('class', 'i');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

/** Somebody's name: in their colour, and alone in its direction. @param {string} name @param {string} [rank] */
export function person(name, rank = '') {
  return h('bdi', { class: `name hue-${hue(name)}` }, rank, name);
}

/** A square with the first letter of a name: a picture, which nobody copies or is read. @param {string} name */
export function face(name) {
  const [first = '?'] = name;
  return h('span', { class: `face hue-${hue(name)}`, 'aria-hidden': 'true', data: { letter: first.toUpperCase() } });
}

/** One of twelve, always the same for a name. @param {string} name */
export function hue(name) {
  let sum = 7;
  for (const letter of name.toLowerCase()) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return sum % 12;
}
