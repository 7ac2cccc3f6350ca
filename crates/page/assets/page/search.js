// Finding what was said: asked of the server, which looks through all it keeps.
//
// Invariant: what is shown is the answer to the last question.

import { h, person, the } from './dom.js';
import { clean } from './text.js';
import { clock, day } from './time.js';

export class Search {
  #app;
  #asked = 0;
  #words = the('search-words');
  #found = the('search-found');
  #state = the('search-state');

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
    the('search-form').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#search();
    });
  }

  /** @param {string} [words] */
  open(words) {
    if (words) this.#words.value = words;
    this.#words.placeholder = `Search ${this.#app.store.active}`;
    this.#words.focus();
    this.#words.select();
    if (words) this.#search();
  }

  clear() {
    this.#asked++;
    this.#found.replaceChildren();
    this.#state.textContent = '';
  }

  /** @param {string} [before] */
  async #search(before) {
    const text = this.#words.value.trim();
    const room = this.#app.store.active;
    if (text === '' || room === '') return;
    const asked = ++this.#asked;
    if (!before) this.#found.replaceChildren();
    this.#state.textContent = 'Searching…';
    try {
      const { messages = [], more, next } = await this.#app.line.ask({ type: 'search', room, text, before });
      if (asked !== this.#asked) return;
      this.#found.append(...messages.map((/** @type {any} */ message) => this.#row(room, message)));
      const count = this.#found.children.length;
      this.#state.textContent = count === 0 && more ? 'Nothing yet.' : count === 0 ? `“${text}” is in nothing that the server keeps of ${room}.`
        : `${count}${more ? ' and more' : ''} found, the latest first`;
      if (more) {
        this.#state.append(' ', h('button', { type: 'button', onclick: () => this.#search(next ?? messages.at(-1)?.id) }, 'Show more'));
      }
    } catch (error) {
      if (asked === this.#asked) this.#state.textContent = /** @type {any} */ (error).text ?? '';
    }
  }

  /** @param {string} room @param {any} message */
  #row(room, message) {
    return h('li', {}, h('button', { type: 'button', onclick: () => this.#app.goTo(room, message.id) },
      h('span', { class: 'head' }, person(message.from), h('span', { class: 'when' }, `${day(message.time)}, ${clock(message.time)}`)),
      h('span', { class: 'text', dir: 'auto' }, clean(message.text))));
  }
}
