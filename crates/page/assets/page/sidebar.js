// The list of rooms and people one writes with, and who one is.
//
// Invariant: a picture of the store; what is clicked goes to the app.

import { face, h, icon, person, the } from './dom.js';

/** @typedef {import('./room.js').Room} Room */

export class Sidebar {
  #app;
  /** What is shown now: a list that has not changed is left alone, focus and all. */
  #shown = '';

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
  }

  /** The order in which rooms stand: the lobby, rooms by name, people by name. @returns {Room[]} */
  order() {
    const { rooms, lobby } = this.#app.store;
    /** @param {Room} room */
    const rank = (room) => (room.name === lobby ? 0 : room.isRoom ? 1 : 2);
    return [...rooms.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }

  paint() {
    const { store } = this.#app;
    const rooms = this.order();
    const shown = JSON.stringify([store.active, store.me, rooms.map((room) => [room.name, room.unread, room.mentions, room.joined])]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = document.activeElement?.closest('#rooms [data-room]')?.getAttribute('data-room');
    the('rooms').replaceChildren(...rooms.map((room) => this.#row(room)));
    if (focused) /** @type {HTMLElement | null} */ (document.querySelector(`#rooms [data-room=${CSS.escape(focused)}] .open`))?.focus();
    the('me').replaceChildren(face(store.me || '?'), h('span', { class: 'grow' }, person(store.me || '…')), icon('pen'));
    the('me').setAttribute('aria-label', `${store.me}: choose another name`);
  }

  /** @param {Room} room */
  #row(room) {
    const current = room.name === this.#app.store.active;
    const classes = ['room', current && 'current', room.unread > 0 && 'unread', !room.joined && 'out'].filter(Boolean).join(' ');
    const shown = room.isRoom
      ? [h('span', { class: 'hash', 'aria-hidden': 'true' }, '#'), h('bdi', { class: 'grow' }, room.name.slice(1))]
      : [face(room.name), h('bdi', { class: 'grow' }, room.name)];
    return h('li', { class: classes, data: { room: room.name } },
      h('button', {
        type: 'button', class: 'open', 'aria-current': current ? 'true' : undefined,
        onclick: () => this.#app.show(room.name),
      }, ...shown, badge(room)),
      h('button', {
        type: 'button', class: 'leave', title: `Leave ${room.name}`, 'aria-label': `Leave ${room.name}`,
        onclick: () => this.#app.leave(room.name),
      }, icon('close')));
  }
}

/** @param {Room} room */
function badge(room) {
  if (room.unread === 0) return null;
  const count = room.unread > 99 ? '99+' : String(room.unread);
  const said = room.mentions > 0 && room.isRoom ? `${count} unread, your name was said` : `${count} unread`;
  return h('span', { class: room.mentions > 0 ? 'badge mention' : 'badge' },
    h('span', { 'aria-hidden': 'true' }, room.mentions > 0 && room.isRoom ? `@ ${count}` : count),
    h('span', { class: 'unseen' }, `, ${said}`));
}
