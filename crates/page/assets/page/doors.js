// Three dialogs: which room to go to, who to be, and with what password.
//
// Invariant: nothing is done until the form is sent, and what the server refuses is said in the dialog.

import { h, the } from './dom.js';
import { here } from './memory.js';
import { isRoomName } from './room.js';
import { clean } from './text.js';

export class Doors {
  #app;
  /** @type {{room: string, members: number, topic?: string}[]} */
  #rooms = [];

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
    the('join-form').addEventListener('submit', (/** @type {Event} */ event) => this.#join(event));
    the('join-name').addEventListener('input', () => this.#paint());
    the('name-form').addEventListener('submit', (/** @type {Event} */ event) => this.#rename(event));
    the('password-form').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      here.set('password', the('password-word').value);
      the('password').close();
      app.line.answered();
    });
    for (const button of document.querySelectorAll('dialog [data-close]')) {
      button.addEventListener('click', () => button.closest('dialog')?.close());
    }
  }

  /** Which room? */
  async rooms() {
    the('join-error').textContent = '';
    the('join-name').value = '';
    the('join-key').value = '';
    the('join').showModal();
    this.#paint();
    try {
      this.#rooms = (await this.#app.line.ask({ type: 'rooms' })).rooms ?? [];
      this.#paint();
    } catch (error) {
      the('join-error').textContent = /** @type {any} */ (error).text ?? '';
    }
  }

  /** Who? */
  name() {
    the('name-error').textContent = '';
    the('name').showModal();
    the('name-name').value = this.#app.store.me;
    the('name-name').select();
  }

  /** The server lets nobody in without. @param {string} why */
  password(why) {
    the('password-why').textContent = why;
    the('password-word').value = '';
    if (!the('password').open) the('password').showModal();
  }

  #paint() {
    const words = the('join-name').value.trim().toLowerCase();
    const found = this.#rooms
      .filter(({ room, topic = '' }) => `${room} ${topic}`.toLowerCase().includes(words))
      .sort((a, b) => b.members - a.members || a.room.localeCompare(b.room))
      .slice(0, 100);
    the('join-list').replaceChildren(...found.map(({ room, members, topic = '' }) => h('li', {},
      h('button', { type: 'button', onclick: () => this.#enter(room) },
        h('span', { class: 'hash', 'aria-hidden': 'true' }, '#'),
        h('span', { class: 'grow' }, h('bdi', {}, room.slice(1)), topic !== '' && h('span', { class: 'note', dir: 'auto' }, clean(topic))),
        h('span', { class: 'note' }, members === 1 ? '1 person' : `${members} people`)))));
  }

  /** @param {Event} event */
  #join(event) {
    event.preventDefault();
    const name = the('join-name').value.trim();
    if (name !== '') this.#enter(isRoomName(name) ? name : `#${name}`);
  }

  /** @param {string} room */
  async #enter(room) {
    try {
      await this.#app.join(room, the('join-key').value || undefined);
      the('join').close();
      this.#app.composer.focus();
    } catch (error) {
      the('join-error').textContent = /** @type {any} */ (error).text ?? '';
    }
  }

  /** @param {Event} event */
  async #rename(event) {
    event.preventDefault();
    const name = the('name-name').value.trim();
    try {
      if (name !== '' && name !== this.#app.store.me) await this.#app.rename(name);
      the('name').close();
      this.#app.composer.focus();
    } catch (error) {
      the('name-error').textContent = /** @type {any} */ (error).text ?? '';
    }
  }
}
