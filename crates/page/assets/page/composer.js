// The box one writes in.
//
// Invariant: what one has written is never lost: it stays in the box until it is on its way, a draft stays
// with its room, and a paste of many lines is asked about.

import { complete } from './completion.js';
import { h, the } from './dom.js';
import { draft, setDraft } from './memory.js';
import { clean } from './text.js';

/** Pasted lines beyond which one is asked. */
const PASTE_LINES = 4;
/** One's last lines, for the arrow key. */
const PAST = 30;
/** How often the others are told that one writes. */
const TYPING_MS = 3_000;

const bytes = new TextEncoder();

export class Composer {
  #app;
  /** @type {HTMLTextAreaElement} */
  #box = the('box');
  #choices = the('choices');
  /** @type {import('./completion.js').Completion | null} */
  #offer = null;
  #chosen = 0;
  /** @type {string[]} */
  #past = [];
  #back = 0;
  #room = '';
  #told = 0;

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
    this.#box.addEventListener('input', () => this.#changed());
    this.#box.addEventListener('keydown', (event) => this.#key(event));
    this.#box.addEventListener('paste', (event) => this.#paste(event));
    this.#box.addEventListener('blur', () => this.#hide());
    the('composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    addEventListener('resize', () => this.#fit());
  }

  /** Another room: its draft. @param {string} room */
  show(room) {
    if (room === this.#room) return;
    this.#room = room;
    this.#told = 0;
    this.#set(draft(room));
    this.#box.placeholder = room === '' ? 'You are in no room' : `Write to ${room}`;
    this.#box.setAttribute('aria-label', this.#box.placeholder);
  }

  focus() {
    this.#box.focus();
  }

  /** Begins to speak to somebody. @param {string} name */
  address(name) {
    const empty = this.#box.value.trim() === '';
    this.#insert(this.#box.selectionStart, this.#box.selectionEnd, empty ? `${name}: ` : `${name} `);
    this.focus();
  }

  #send() {
    // The server takes out what is not shown; half a character cannot be sent at all.
    const text = clean(this.#box.value).replace(/\p{Surrogate}/gu, '\ufffd').replace(/\s+$/, '');
    if (text === '' || this.#over(text)) return;
    if (!this.#app.say(text)) return;
    this.#past = [...this.#past.filter((line) => line !== text), text].slice(-PAST);
    this.#back = 0;
    this.#told = 0;
    this.#set('');
    setDraft(this.#room, '');
  }

  /** @param {string} text */
  #set(text) {
    this.#box.value = text;
    this.#hide();
    this.#fit();
    this.#over(text);
  }

  /** @param {number} from @param {number} to @param {string} text */
  #insert(from, to, text) {
    this.#box.setRangeText(text, from, to, 'end');
    this.#changed();
  }

  #changed() {
    const text = this.#box.value;
    this.#fit();
    this.#over(text);
    setDraft(this.#room, text);
    this.#typing(text);
    this.#suggest('offered');
  }

  /** @param {string} text */
  #typing(text) {
    if (text.startsWith('/')) return;
    const now = Date.now();
    if (text === '' && this.#told > 0) {
      this.#told = 0;
      this.#app.typing('done');
    } else if (text !== '' && now - this.#told > TYPING_MS) {
      this.#told = now;
      this.#app.typing('active');
    }
  }

  // As high as what is in it, up to what the style allows.
  #fit() {
    this.#box.style.height = 'auto';
    this.#box.style.height = `${this.#box.scrollHeight + 2}px`;
  }

  /** Is it more than may be said at one time? @param {string} text */
  #over(text) {
    const { text_bytes: most, lines } = this.#app.store.limits;
    const length = bytes.encode(text).length;
    const count = text.split('\n').length;
    const said = the('length');
    const over = length > most || count > lines;
    said.hidden = !over && length < most * 0.8;
    said.textContent = count > lines ? `${count} lines of ${lines}` : `${length} bytes of ${most}`;
    said.classList.toggle('over', over);
    return over;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (this.#offer && this.#choose(event)) return event.preventDefault();
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === 'Tab' && !event.shiftKey && this.#suggest('asked')) {
      // One choice is taken at once; where there is none, Tab goes on as always.
      if (this.#offer?.choices.length === 1) this.#take(0);
      event.preventDefault();
    } else if (event.key === 'ArrowUp' && (this.#box.value === '' || this.#back > 0)) {
      this.#recall(event, 1);
    } else if (event.key === 'ArrowDown' && this.#back > 0) {
      this.#recall(event, -1);
    } else if (event.key === 'PageUp' || event.key === 'PageDown') {
      const scroll = the('scroll');
      scroll.scrollBy({ top: scroll.clientHeight * 0.85 * (event.key === 'PageUp' ? -1 : 1) });
      event.preventDefault();
    }
  }

  /** @param {KeyboardEvent} event @param {number} by */
  #recall(event, by) {
    const back = Math.min(this.#past.length, Math.max(0, this.#back + by));
    if (back === this.#back && back === 0) return;
    event.preventDefault();
    this.#set(back === 0 ? '' : this.#past[this.#past.length - back]);
    this.#back = back;
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const text = event.clipboardData?.getData('text/plain').replace(/\r\n?/g, '\n').replace(/\n+$/, '') ?? '';
    const lines = text.split('\n');
    if (lines.length <= PASTE_LINES) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = this.#box;
    const dialog = the('paste');
    the('paste-title').textContent = `Paste ${lines.length} lines?`;
    the('paste-text').textContent = lines.slice(0, 12).join('\n') + (lines.length > 12 ? '\n…' : '');
    dialog.returnValue = '';
    dialog.onclose = () => {
      if (dialog.returnValue === 'paste') this.#insert(selectionStart, selectionEnd, text);
      if (dialog.returnValue === 'join') this.#insert(selectionStart, selectionEnd, lines.map((line) => line.trim()).join(' '));
      this.focus();
    };
    dialog.showModal();
  }

  /** @param {'asked' | 'offered'} why */
  #suggest(why) {
    const { store } = this.#app;
    const known = {
      commands: this.#app.commands(),
      names: [...(store.room?.members.values() ?? [])].map((member) => member.name).filter((name) => name !== store.me),
      rooms: [...store.rooms.values()].filter((room) => room.isRoom).map((room) => room.name),
    };
    this.#offer = complete(this.#box.value, this.#box.selectionStart, known, why);
    this.#chosen = 0;
    this.#paint();
    return this.#offer !== null;
  }

  /** @param {KeyboardEvent} event */
  #choose(event) {
    const count = this.#offer?.choices.length ?? 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#chosen = (this.#chosen + step + count) % count;
    else if (event.key === 'Tab' && !event.shiftKey) return this.#take(this.#chosen);
    else if (event.key === 'Enter' && !event.shiftKey && !this.#whole()) return this.#take(this.#chosen);
    else if (event.key === 'Escape') this.#offer = null;
    else return false;
    this.#paint();
    return true;
  }

  /** A command that stands there whole is carried out, though a longer one begins like it. */
  #whole() {
    const { from = 0, to = 0, choices = [] } = this.#offer ?? {};
    const word = this.#box.value.slice(from, to);
    return word.startsWith('/') && choices.some((choice) => choice.trimEnd() === word);
  }

  /** @param {number} at */
  #take(at) {
    if (!this.#offer) return false;
    const { from, to, choices } = this.#offer;
    this.#insert(from, to, choices[at]);
    this.#hide();
    return true;
  }

  #hide() {
    this.#offer = null;
    this.#paint();
  }

  #paint() {
    const choices = this.#offer?.choices ?? [];
    this.#choices.hidden = choices.length === 0;
    if (choices.length > 0) this.#box.setAttribute('aria-activedescendant', `choice-${this.#chosen}`);
    else this.#box.removeAttribute('aria-activedescendant');
    this.#choices.replaceChildren(...choices.map((choice, index) => h('li', {
      id: `choice-${index}`, role: 'option', 'aria-selected': String(index === this.#chosen), dir: 'auto',
      // Before the box loses its focus, which would take the list away.
      onmousedown: (/** @type {Event} */ event) => {
        event.preventDefault();
        this.#take(index);
      },
    }, choice.trim().replace(/:$/, ''), h('span', { class: 'note' }, this.#app.usage(choice.trim())))));
  }
}
