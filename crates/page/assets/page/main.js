// The page: what somebody does goes to the line and the store, what changes is painted once a frame.
//
// Invariant: every view is a picture of the store; only here is anything decided that concerns several.

import { Composer } from './composer.js';
import { Doors } from './doors.js';
import { the } from './dom.js';
import { Line } from './line.js';
import { Members } from './members.js';
import { here, kept, leaveToken, takeToken } from './memory.js';
import { Notify } from './notify.js';
import { LOST, isRoomName } from './room.js';
import { Search } from './search.js';
import { Settings } from './settings.js';
import { Sidebar } from './sidebar.js';
import { Store, key } from './store.js';
import { names } from './text.js';
import { Timeline } from './timeline.js';

/** @typedef {import('./line.js').Message} Message */
/** @typedef {import('./room.js').Item} Item */

/** Lines asked for at one time. */
const PAGE = 100;
/** Pages asked for on the way to a line that was found. */
const PAGES = 30;

/** What stands behind a command's name. */
const USAGE = new Map(Object.entries({
  '/nick': 'NAME', '/join': '#ROOM', '/part': '[#ROOM]', '/msg': 'NAME TEXT', '/me': 'what you do',
  '/away': '[TEXT]', '/who': 'who is here', '/rooms': 'which rooms there are', '/history': '[N]',
  '/topic': '[TEXT]', '/invite': 'NAME', '/kick': 'NAME', '/mode': '[CHANGES]', '/help': 'what can be done',
  '/quit': 'leave', '/search': 'WORDS',
}));

export class App {
  store = new Store();
  line = new Line(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`, {
    hello: () => this.store.hello({ name: kept.get('name') ?? undefined, password: here.get('password') ?? undefined }),
    live: () => this.#live(),
    took: (message) => this.#took(message),
    changed: () => this.#paintLine(),
  });
  composer = new Composer(this);
  timeline = new Timeline(this);
  #sidebar = new Sidebar(this);
  #members = new Members(this);
  #search = new Search(this);
  #doors = new Doors(this);
  #notify = new Notify(this);
  /** What is to be painted in the next frame. @type {Set<string>} */
  #due = new Set();
  #asking = false;
  #readTimer = 0;

  constructor() {
    new Settings(this);
    this.store.token = takeToken();
    for (const room of kept.get('rooms') ?? []) this.store.wanted.set(key(room), room);
    const room = this.#linked();
    if (room) this.store.wanted.set(key(room), room);
    if (room) this.store.active = room;
    this.store.changed = (what, room) => {
      if (what === 'lines' && room && room !== this.store.room) return;
      this.#paint(what);
    };
    this.store.seen = (room) => room === this.store.room && this.timeline.following && this.#looking;
    this.store.said = (room, item) => this.#said(room, item);
    this.#listen();
    the('plain').hidden = location.protocol === 'https:' || loopback(location.hostname) || here.get('plain') === true;
    this.line.start();
    this.composer.focus();
  }

  // What somebody does.

  /** Says a line, or does what a command asks; false: not now. @param {string} text */
  say(text) {
    const command = /^\/(\S*)\s*([^]*)$/.exec(text);
    if (command && !text.startsWith('//')) return this.#command(command[1].toLowerCase(), command[2].trim(), text);
    return this.#say(this.store.active, command ? text.slice(1) : text, 'say');
  }

  /** @param {Item} item */
  again(item) {
    const room = this.store.room;
    if (room) this.line.send(this.store.again(room, item, this.line.next()));
  }

  /** @param {Item} item */
  forget(item) {
    const room = this.store.room;
    if (room) this.store.forget(room, item);
  }

  /** Shows a room, or the lines with a person. @param {string} name @param {'person'} [kind] */
  show(name, kind) {
    const room = kind === 'person' ? this.store.open(name) : this.store.at(name);
    if (!room) return this.join(name).catch((error) => this.#toast(error.text));
    if (!room.isRoom) room.joined = true;
    this.store.active = room.name;
    document.body.dataset.open = '';
    this.timeline.show(room);
    this.#search.clear();
    this.#paint('rooms', 'members', 'head');
    this.looked();
    this.composer.focus();
  }

  /** @param {string} room @param {string} [key] */
  async join(room, key) {
    await this.line.ask({ type: 'join', room, key });
    if (this.store.at(room)) this.show(room);
  }

  /** @param {string} room */
  leave(room) {
    if (!isRoomName(room) || !this.store.at(room)?.joined) return this.store.drop(room);
    this.line.ask({ type: 'leave', room }).catch((error) => this.#toast(error.text));
  }

  /** @param {string} name */
  async rename(name) {
    await this.line.ask({ type: 'nick', name });
    kept.set('name', this.store.me);
    the('who').hidden = true;
  }

  /** @param {string} state */
  typing(state) {
    const { room } = this.store;
    if (room?.isRoom) this.line.send({ type: 'typing', room: room.name, state });
  }

  /** Asks for lines before the first. */
  async earlier() {
    const { room, era } = this.store;
    const first = room?.oldest(era);
    if (!room || !room.more || this.#asking || !room.isRoom) return false;
    this.#asking = true;
    the('loading').hidden = false;
    try {
      const answer = await this.line.ask({ type: 'history', room: room.name, before: first?.id, count: PAGE });
      room.more = answer.more === true;
      return true;
    } catch {
      return false;
    } finally {
      this.#asking = false;
      the('loading').hidden = true;
      this.timeline.paint();
    }
  }

  /** Shows a line that was found, and asks for all lines up to it first. @param {string} name @param {string} id */
  async goTo(name, id) {
    const room = this.store.at(name);
    if (!room) return;
    if (room !== this.store.room) this.show(name);
    for (let page = 0; page < PAGES && !room.find(id); page++) {
      if (!await this.earlier()) break;
    }
    const item = room.find(id);
    if (item) this.timeline.reveal(item);
    else this.#toast('That line is too far back to be shown.');
    if (narrow()) document.body.dataset.open = '';
  }

  /** One has scrolled, come back, or opened a room: what is at the end has been read. */
  looked() {
    const { room } = this.store;
    if (!room || !this.store.seen(room)) return;
    const id = this.store.readAll(room);
    if (!id || !room.isRoom) return;
    clearTimeout(this.#readTimer);
    this.#readTimer = setTimeout(() => this.line.send({ type: 'read', room: room.name, id }), 800);
  }

  commands() {
    const own = ['/search'];
    return [...new Set([...this.store.commands, ...own])];
  }

  /** @param {string} command */
  usage(command) {
    return USAGE.get(command) ?? '';
  }

  /** @param {string} name @param {string} text @param {'say' | 'act'} kind */
  #say(name, text, kind) {
    const room = this.store.at(name);
    if (!room) return this.#toast('You are in no room. Join one first.');
    if (!room.joined) return this.#toast(`You are not in ${name} any more. Join it again first.`);
    const message = this.store.say(room, text, kind, this.line.next(), Date.now());
    if (!message) return this.#toast('Too much waits to be sent already.');
    this.line.send(message);
    if (room === this.store.room) this.timeline.toEnd();
    return true;
  }

  /** @param {string} name @param {string} rest @param {string} text */
  #command(name, rest, text) {
    const [word = '', ...others] = rest.split(/\s+/);
    const failed = (/** @type {any} */ error) => this.store.note(error.text ?? '');
    switch (name) {
      case 'me':
        if (rest === '') break;
        return this.#say(this.store.active, rest, 'act');
      case 'msg': case 'm': case 'query':
        if (word === '') break;
        if (isRoomName(word)) {
          if (others.length > 0) return this.#say(word, rest.slice(word.length).trim(), 'say');
          break;
        }
        this.show(word, 'person');
        return others.length === 0 || this.#say(word, rest.slice(word.length).trim(), 'say');
      case 'join': case 'j':
        if (word === '') {
          this.#doors.rooms();
        } else {
          this.join(isRoomName(word) ? word : `#${word}`, others[0]).catch(failed);
        }
        return true;
      case 'part': case 'leave':
        this.leave(word || this.store.active);
        return true;
      case 'nick': case 'name':
        if (word === '') this.#doors.name();
        else this.rename(word).catch(failed);
        return true;
      case 'search':
        this.#open('search');
        this.#search.open(rest);
        return true;
      case 'quit': case 'exit': case 'q':
        this.line.leave('You have left.');
        return true;
    }
    if (!this.line.live) return this.#toast('There is no connection just now.');
    const room = this.store.room?.isRoom ? this.store.active : undefined;
    this.line.ask({ type: 'command', room, text }).catch(failed);
    return true;
  }

  // What the server does.

  /** @param {Message} message */
  #took(message) {
    const shown = this.store.room;
    const joined = this.store.rooms.size;
    const newest = this.store.at(message.room ?? '')?.newest(this.store.era)?.id;
    this.store.take(message, Date.now());
    if (message.type === 'welcome') {
      here.set('token', this.store.token);
      const guest = !kept.get('name') && kept.get('guest') !== true;
      the('who').hidden = !guest;
      the('who-name').textContent = message.name;
    }
    if (message.type === 'error' && message.n === undefined) this.#failed(message);
    // One was too slow: a new view of the room has what is missing.
    if (message.type === 'missed') this.line.ask({ type: 'join', room: message.room, after: newest }).catch(() => {});
    if (message.type === 'room') this.#entered(message.room);
    if (this.store.room !== shown) this.timeline.show(this.store.room);
    if (this.store.rooms.size !== joined || message.type === 'removed') this.#keepRooms();
    if (message.type === 'room' && this.store.room?.name === message.room) this.looked();
  }

  #live() {
    for (const message of this.store.unacknowledged()) this.line.send(message);
    this.#paint('lines', 'head', 'me', 'rooms');
  }

  /** @param {Message} message */
  #failed(message) {
    if (message.code === 'password') {
      this.#doors.password(message.text);
    } else {
      this.#toast(message.text);
      if (message.room) this.store.wanted.delete(key(message.room));
    }
  }

  /** @param {string} name */
  async #entered(name) {
    const room = this.store.at(name);
    if (!room) return;
    if (!this.store.resumed) for (const message of this.store.unacknowledged(room)) this.line.send(message);
    // More was said while one was away than is told at one time. A gap that a cut line has left is among these.
    for (const gap of room.items.filter(({ before }) => before)) await this.#fill(room, gap);
  }

  /** Asks for the lines that stand in a gap, the latest first. @param {import('./room.js').Room} room @param {Item} gap */
  async #fill(room, gap) {
    const { era, seq, text } = gap;
    for (let page = 0; page < PAGES && gap.before; page++) {
      const answer = await this.line.ask({ type: 'history', room: room.name, before: gap.before, count: PAGE }).catch(() => null);
      if (!answer) return;
      const [first] = answer.messages;
      if (!answer.more || !first || (era === this.store.era && first.seq <= seq)) room.fill(gap, text === LOST ? 'in part' : 'whole');
      else gap.before = first.id;
    }
    if (gap.before) room.fill(gap, 'in part');
    this.#paint('lines');
  }

  /** @param {import('./room.js').Room} room @param {Item} item */
  #said(room, item) {
    const named = item.from !== this.store.me && (!room.isRoom || names(item.text, this.store.me));
    if (room === this.store.room) {
      if (!this.#looking) this.timeline.markFresh(item);
      this.timeline.came();
      this.looked();
    }
    this.#notify.said(room, item, named);
  }

  #keepRooms() {
    kept.set('rooms', [...this.store.rooms.values()].filter((room) => room.isRoom && room.joined).map((room) => room.name));
  }

  // What is seen.

  /** @param {...string} what */
  #paint(...what) {
    if (this.#due.size === 0) requestAnimationFrame(() => this.#painting());
    for (const one of what) this.#due.add(one);
  }

  #painting() {
    const due = this.#due;
    this.#due = new Set();
    if (due.has('lines') || due.has('me')) this.timeline.paint();
    if (due.has('rooms') || due.has('me')) this.#sidebar.paint();
    if (due.has('members') || due.has('me')) this.#members.paint();
    this.#paintHead();
    this.#notify.paint();
    this.composer.show(this.store.active);
  }

  #paintHead() {
    const { room, active } = this.store;
    the('room-name').textContent = active || 'No room';
    the('topic').textContent = room?.topic ?? '';
    the('topic').title = room?.topic ?? '';
    the('show-search').hidden = !room?.isRoom;
    the('scroll').setAttribute('aria-label', `What was said in ${active}`);
    const now = Date.now();
    const typing = [...(room?.typing ?? [])].filter(([, until]) => until > now).map(([name]) => name);
    the('typing').textContent = typing.length === 0 ? '' : typing.length === 1 ? `${typing[0]} is writing…`
      : typing.length === 2 ? `${typing[0]} and ${typing[1]} are writing…` : 'Several people are writing…';
    if (typing.length > 0) setTimeout(() => this.#paint('head'), 2_000);
    const hash = isRoomName(active) ? active : '#';
    if (active !== '' && this.#linked() !== active && (isRoomName(active) || location.hash !== '')) {
      history.replaceState(null, '', hash === '#' ? location.pathname : encodeURI(hash));
    }
  }

  #paintLine() {
    const { state } = this.line.connection;
    const bar = the('line');
    document.body.dataset.line = state.is;
    const again = the('again');
    again.hidden = state.is !== 'waiting' && state.is !== 'gone';
    again.textContent = state.is === 'gone' ? 'Come back' : 'Try now';
    const text = state.is === 'gone' ? state.text
      : state.is === 'waiting' ? `${state.why ? `${state.why.replace(/[.!]*$/, '.')} ` : 'The connection is gone. '}Connecting again in a moment; what you write is kept until then.`
        : state.is === 'connecting' && state.attempt > 0 ? 'Connecting again…' : '';
    the('line-text').textContent = text;
    bar.hidden = text === '';
    this.#paint('lines');
  }

  get #looking() {
    return !document.hidden && document.hasFocus();
  }

  /** The room in the page's address. */
  #linked() {
    try {
      const room = decodeURIComponent(location.hash);
      return room.length > 1 ? room : '';
    } catch {
      return '';
    }
  }

  // What is clicked and typed.

  #listen() {
    addEventListener('hashchange', () => {
      const room = this.#linked();
      if (room && key(room) !== key(this.store.active)) this.show(room);
    });
    addEventListener('focus', () => this.looked());
    addEventListener('blur', () => this.timeline.lookedAway());
    document.addEventListener('visibilitychange', () => this.looked());
    addEventListener('pagehide', () => leaveToken(this.store.token));
    addEventListener('keydown', (event) => this.#key(event));
    the('again').addEventListener('click', () => this.line.answered());
    the('me').addEventListener('click', () => this.#doors.name());
    the('who-choose').addEventListener('click', () => this.#doors.name());
    the('who-close').addEventListener('click', () => {
      kept.set('guest', true);
      the('who').hidden = true;
    });
    the('plain-close').addEventListener('click', () => {
      here.set('plain', true);
      the('plain').hidden = true;
    });
    the('show-join').addEventListener('click', () => this.#doors.rooms());
    the('show-side').addEventListener('click', () => this.#open('side'));
    the('show-members').addEventListener('click', () => this.#open('members'));
    the('show-search').addEventListener('click', () => {
      if (this.#open('search')) this.#search.open();
    });
    for (const button of document.querySelectorAll('[data-shut]')) button.addEventListener('click', () => this.#shut());
    the('shade').addEventListener('click', () => this.#shut());
  }

  /** Opens a panel, or shuts it if it is open. @param {string} panel */
  #open(panel) {
    const { body } = document;
    const open = body.dataset.open !== panel;
    body.dataset.open = open ? panel : '';
    for (const name of ['side', 'members', 'search']) {
      the(`show-${name}`).setAttribute('aria-expanded', String(open && name === panel));
    }
    if (open) {
      this.#members.paint();
      the(panel).querySelector('button, input')?.focus();
    }
    return open;
  }

  #shut() {
    document.body.dataset.open = '';
    for (const name of ['side', 'members', 'search']) the(`show-${name}`).setAttribute('aria-expanded', 'false');
    this.composer.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (document.querySelector('dialog[open]')) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.altKey && event.key === 'k') {
      this.#doors.rooms();
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      this.#next(event.key === 'ArrowUp' ? -1 : 1, event.shiftKey);
    } else if (event.key === 'Escape' && !event.defaultPrevented) {
      if (document.body.dataset.open) this.#shut();
      else if (document.activeElement?.id === 'box') this.timeline.toEnd();
      this.composer.focus();
      return;
    } else if (!command && !event.altKey && event.key.length === 1 && event.key !== ' ' && !typingSomewhere()) {
      this.composer.focus();
      return;
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The room above or below; with `unread`, the next one in which something was said.
   * @param {number} by @param {boolean} unread */
  #next(by, unread) {
    const rooms = this.#sidebar.order();
    const at = rooms.findIndex((room) => room === this.store.room);
    for (let step = 1; step <= rooms.length; step++) {
      const room = rooms[(at + by * step + rooms.length * step) % rooms.length];
      if (!unread || room.unread > 0) return this.show(room.name);
    }
  }

  /** Says what did not work. @param {string} text */
  #toast(text) {
    const toast = the('toast');
    toast.textContent = text;
    toast.hidden = false;
    setTimeout(() => {
      if (toast.textContent === text) toast.hidden = true;
    }, 8_000);
    return false;
  }
}

function typingSomewhere() {
  const { activeElement } = document;
  return activeElement instanceof HTMLInputElement || activeElement instanceof HTMLTextAreaElement;
}

function narrow() {
  return matchMedia('(max-width: 720px)').matches;
}

/** Is the server on this machine, so that nobody is between? @param {string} host */
function loopback(host) {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

new App();
