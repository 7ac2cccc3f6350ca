// What is seen of the page when it is not looked at: its title, its icon, notifications; and what is heard
// of it by those who do not see it.
//
// Invariant: a notification is shown only after somebody has asked for them, and only for a line that
// names them or is written to them alone.

import { the } from './dom.js';
import { kept } from './memory.js';

/** @typedef {import('./room.js').Room} Room */
/** @typedef {import('./room.js').Item} Item */

/** Lines read out that wait. Met: the oldest is not read out. */
const HEARD = 10;

export class Notify {
  #app;
  #badge = '';

  /** @param {import('./main.js').App} app */
  constructor(app) {
    this.#app = app;
  }

  /** Can this browser show any, on this page? Not on plain http beyond this machine. */
  static get able() {
    return 'Notification' in globalThis && isSecureContext;
  }

  static get wanted() {
    return Notify.able && kept.get('notify') === true && Notification.permission === 'granted';
  }

  /** @param {boolean} wanted @returns {Promise<boolean>} */
  static async want(wanted) {
    if (wanted && Notification.permission !== 'granted') await Notification.requestPermission();
    kept.set('notify', wanted && Notification.permission === 'granted');
    return Notify.wanted;
  }

  paint() {
    let unread = 0;
    let mentions = 0;
    for (const room of this.#app.store.rooms.values()) {
      unread += room.unread;
      mentions += room.mentions;
    }
    const name = this.#app.store.active;
    const count = mentions > 0 ? `(${mentions}) ` : unread > 0 ? '• ' : '';
    document.title = `${count}${name ? `${name} · ` : ''}Switchboard`;
    const badge = mentions > 0 ? '#ff5d5d' : unread > 0 ? '#7cc4ff' : '';
    if (badge === this.#badge) return;
    this.#badge = badge;
    the('icon').href = badge === '' ? the('icon').dataset.plain ??= the('icon').href : picture(badge);
  }

  /** A line came while one was there. @param {Room} room @param {Item} item @param {boolean} names */
  said(room, item, names) {
    if (room === this.#app.store.room) this.#tell(`${item.from}: ${item.text}`);
    else if (names) this.#tell(`${item.from} in ${room.name}: ${item.text}`);
    if (!names || !Notify.wanted || (!document.hidden && document.hasFocus())) return;
    const title = room.isRoom ? `${item.from} in ${room.name}` : item.from ?? '';
    const shown = new Notification(title, { body: item.text.slice(0, 200), tag: room.name });
    shown.onclick = () => {
      focus();
      this.#app.show(room.name);
      shown.close();
    };
  }

  /** To who hears the page. @param {string} text */
  #tell(text) {
    const told = the('told');
    const line = document.createElement('p');
    line.textContent = text.slice(0, 300);
    told.append(line);
    while (told.children.length > HEARD) told.firstElementChild.remove();
  }
}

/** The icon, with a lamp on. @param {string} colour */
function picture(colour) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#20242b"/><g fill="none" stroke="#f4b860" stroke-width="2.6" stroke-linecap="round"><circle cx="9.5" cy="10" r="3.6"/><circle cx="22.5" cy="10" r="3.6"/><path d="M9.5 14c0 12 13 12 13 0"/></g><circle cx="24" cy="24" r="8" fill="${colour}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
