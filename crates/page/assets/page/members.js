// Who is in the room.
//
// Invariant: a picture of the room's members as the server told of them; in a large room that is some of
// them, and the number is of all.

import { face, h, person, the } from './dom.js';

/** @typedef {import('./room.js').Member} Member */

/** The most that are shown. Met: the others are counted. */
const MOST = 500;
/** Ranks from the highest. */
const RANKS = '~&@%+';

export class Members {
  #app;

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
  }

  paint() {
    const room = this.#app.store.room;
    const count = room?.isRoom ? room.count : 0;
    the('show-members').hidden = !room?.isRoom;
    the('member-count').textContent = String(count);
    the('show-members').setAttribute('aria-label', `${count} here: show who`);
    the('members-title').textContent = count === 1 ? 'Only you' : `${count} here`;
    if (!room || the('members').checkVisibility?.() === false) return;
    const members = [...room.members.values()].sort(order);
    const rows = members.slice(0, MOST).map((member) => this.#row(member));
    const others = Math.max(count, members.length) - rows.length;
    if (others > 0) rows.push(h('li', { class: 'others' }, `and ${others} others`));
    the('member-list').replaceChildren(...rows);
  }

  /** @param {Member} member */
  #row({ name, rank, away }) {
    const me = name === this.#app.store.me;
    const title = away === null ? (me ? 'You' : `Write to ${name}`) : `Away: ${away}`;
    return h('li', { class: away === null ? '' : 'away' },
      h('button', { type: 'button', title, disabled: me, onclick: () => this.#app.show(name, 'person') },
        face(name), h('span', { class: 'grow' }, person(name)),
        rank && h('span', { class: 'rank', title: 'Keeps order here' }, rank),
        away !== null && h('span', { class: 'note' }, 'away'),
        me && h('span', { class: 'note' }, 'you')));
  }
}

/** @param {Member} a @param {Member} b */
function order(a, b) {
  return place(a) - place(b) || a.name.localeCompare(b.name);
}

/** @param {Member} member */
function place({ rank }) {
  const at = rank === '' ? -1 : RANKS.indexOf(rank[0]);
  return at < 0 ? RANKS.length : at;
}
