// The lines of the room that is shown.
//
// Invariant: the document holds a few hundred rows, however many lines there are: a window that moves over
// them as one scrolls. What one looks at stays where it is when lines come before it or go.

import { the } from './dom.js';
import { row, signature } from './row.js';

/** @typedef {import('./room.js').Room} Room */
/** @typedef {import('./room.js').Item} Item */

/** Rows in the window; and how many it moves by. */
const WINDOW = 260;
const STEP = 50;
/** How near its edge, in pixels, it moves. */
const NEAR = 900;

export class Timeline {
  /** @type {Room | undefined} */
  #room;
  /** @type {Map<Item, {node: HTMLLIElement, sign: string}>} */
  #rows = new Map();
  /** The window's first line; null: as many as fit before the last. @type {Item | null} */
  #first = null;
  /** Is the end shown, and kept in view when lines come? */
  following = true;
  /** The first line that was not read when the room was opened. @type {Item | null} */
  #fresh = null;
  #below = 0;
  #app;
  #scroll = the('scroll');
  #list = the('rows');
  #jump = the('jump');

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
    this.#scroll.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener('click', () => {
      this.toEnd();
      the('box').focus();
    });
    new ResizeObserver(() => this.following && this.#stick()).observe(this.#scroll);
    this.#list.addEventListener('click', (/** @type {MouseEvent} */ event) => this.#clicked(event));
  }

  /** Shows another room, from its end. @param {Room | undefined} room */
  show(room) {
    this.#room = room;
    this.#first = null;
    this.following = true;
    this.#below = 0;
    const unread = room?.unread ?? 0;
    const messages = room?.items.filter((item) => item.is === 'message') ?? [];
    this.#fresh = unread > 0 ? (messages.at(-unread) ?? messages[0] ?? null) : null;
    this.#list.replaceChildren();
    this.#rows.clear();
    this.paint();
    this.#stick();
  }

  /** A line came to the room that is shown. */
  came() {
    if (!this.following) this.#below++;
  }

  toEnd() {
    this.#first = null;
    this.following = true;
    this.#below = 0;
    this.paint();
    this.#stick();
  }

  /** A line came while nobody looked: from here on it is new. @param {Item} item */
  markFresh(item) {
    this.#fresh ??= item;
  }

  /** One looks away: what was new is not, any more. */
  lookedAway() {
    this.#fresh = null;
  }

  /** Shows a line in the middle of the view. @param {Item} item */
  reveal(item) {
    const lines = this.#room?.lines ?? [];
    this.following = false;
    this.#first = lines[Math.max(0, lines.indexOf(item) - WINDOW / 2)] ?? null;
    this.paint();
    const node = this.#rows.get(item)?.node;
    if (!node) return;
    node.scrollIntoView({ block: 'center' });
    node.classList.add('found');
    setTimeout(() => node.classList.remove('found'), 3000);
  }

  /** Brings the rows to what the room's lines are now. */
  paint() {
    const lines = this.#room?.lines ?? [];
    let from = this.#from(lines);
    // Lines have come before the first one that is shown, and one looks at it: they are shown with it, or
    // it would lose its date and its place before they stand above it.
    if (!this.following && from > 0 && this.#scroll.scrollTop < NEAR && this.#list.firstElementChild) {
      from = Math.max(0, from - STEP);
      this.#first = lines[from];
    }
    const shown = lines.slice(from, from + WINDOW);
    const anchors = this.following ? [] : this.#anchors();
    const keep = new Set(shown);
    for (const [item, { node }] of this.#rows) {
      if (keep.has(item)) continue;
      node.remove();
      this.#rows.delete(item);
    }
    let next = this.#list.firstElementChild;
    shown.forEach((item, index) => {
      const before = lines[from + index - 1];
      const fresh = item === this.#fresh;
      const sign = signature(item, before, fresh, this.#app.store.me);
      let known = this.#rows.get(item);
      if (!known || known.sign !== sign) {
        const node = row(item, before, fresh, this.#app);
        if (known?.node === next) next = node;
        known?.node.replaceWith(node);
        known = { node, sign };
        this.#rows.set(item, known);
      }
      if (known.node === next) next = next.nextElementSibling;
      else this.#list.insertBefore(known.node, next);
    });
    the('empty').hidden = lines.length > 0 || !this.#room;
    the('beginning').hidden = from > 0 || lines.length === 0 || this.#room?.more === true || !this.#room?.isRoom;
    if (this.following) this.#stick();
    else this.#hold(anchors);
    this.#mark();
  }

  /** The index of the window's first line. @param {Item[]} lines */
  #from(lines) {
    const end = Math.max(0, lines.length - WINDOW);
    if (this.following || this.#first === null) return end;
    const at = lines.indexOf(this.#first);
    return at < 0 ? 0 : Math.min(at, Math.max(end, 0));
  }

  /** The rows in view, and where they are. */
  #anchors() {
    const { top, bottom } = this.#scroll.getBoundingClientRect();
    const found = [];
    for (const node of this.#list.children) {
      const box = node.getBoundingClientRect();
      if (box.top > bottom) break;
      if (box.bottom > top) found.push({ node, top: box.top });
    }
    return found;
  }

  /** Keeps in place what is in view: the first row of it that has stayed the same. A row may look otherwise
   * once there is one before it. @param {{node: Element, top: number}[]} anchors */
  #hold(anchors) {
    const anchor = anchors.find(({ node }) => node.isConnected);
    if (anchor) this.#scroll.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
  }

  #stick() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const under = scrollHeight - clientHeight - scrollTop;
    const lines = this.#room?.lines ?? [];
    const from = this.#from(lines);
    const atEnd = from + WINDOW >= lines.length;
    const following = atEnd && under < 24;
    if (this.following !== following) {
      this.following = following;
      if (following) this.#below = 0;
      else this.#first = lines[from] ?? null;
      this.#app.looked();
    }
    if (scrollTop < NEAR && !following) this.#earlier(lines, from);
    else if (under < NEAR && !atEnd) {
      this.#first = lines[from + STEP] ?? null;
      this.paint();
    }
    this.#mark();
  }

  /** @param {Item[]} lines @param {number} from */
  async #earlier(lines, from) {
    if (from > 0) this.paint();
    // Who waits at the top scrolls no more: what has come is shown without.
    else if (await this.#app.earlier()) this.#scrolled();
  }

  #mark() {
    this.#jump.hidden = this.following;
    this.#jump.lastElementChild.textContent = this.#below > 0 ? `${this.#below} new` : 'To the end';
  }

  // A name that is clicked is spoken to. With the keyboard one types it: a thousand stops for Tab would be
  // of no use to anybody.
  /** @param {MouseEvent} event */
  #clicked(event) {
    const name = event.target instanceof Element ? event.target.closest('.head .name') : null;
    if (name && getSelection()?.isCollapsed !== false) this.#app.composer.address(name.textContent ?? '');
  }
}
