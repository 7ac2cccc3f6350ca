// All that the page knows: who one is, the rooms and their lines, what is still to be acknowledged.
//
// Invariant: it is changed by what the server sends and by what is said here, and by nothing else; it
// knows no document and no socket. Whoever shows it is told through `changed`.

import { LOST, Room, isRoomName } from './room.js';
import { clean, names } from './text.js';

/** @typedef {import('./line.js').Message} Message */
/** @typedef {import('./room.js').Item} Item */

/** The signs of ranks, the highest first. */
const RANKS = [...'~&@%+'];
/** The most that may wait for the server's word at one time. Met: one is told to wait. */
const MOST_UNSENT = 50;

export class Store {
  me = '';
  token = '';
  lobby = '';
  /** @type {string[]} */
  commands = [];
  limits = { text_bytes: 4096, lines: 100, name_bytes: 32 };
  /** @type {Map<string, Room>} */
  rooms = new Map();
  /** The room that is shown. */
  active = '';
  /** The server knows by the token who one is, and what one has said. */
  resumed = false;
  /** What the server says to newcomers, until it is shown. @type {string[]} */
  #motd = [];
  /** Counts the server's epochs that this page has seen: lines of one stand behind those of another. */
  era = 0;
  #epoch = '';
  /** The server said that it stops, so nothing can have been said that did not come. */
  #announced = false;
  /** Rooms to be joined again once there is a line. @type {Map<string, string | undefined>} */
  wanted = new Map();
  /** What was said and has not been acknowledged, by number. @type {Map<number, {room: Room, item: Item}>} */
  #unsent = new Map();

  /** @type {(what: 'rooms' | 'lines' | 'members' | 'me', room?: Room) => void} */
  changed = () => {};
  /** A line came in while one was there. @type {(room: Room, item: Item) => void} */
  said = () => {};
  /** Is the end of this room's lines before the reader's eyes? @type {(room: Room) => boolean} */
  seen = () => false;

  /** The room shown. */
  get room() {
    return this.rooms.get(key(this.active));
  }

  /** Finds a room, or the lines with a person. @param {string} name */
  at(name) {
    return this.rooms.get(key(name));
  }

  /** The same, made if need be. @param {string} name */
  open(name) {
    let room = this.at(name);
    if (!room) {
      room = new Room(name);
      this.rooms.set(key(name), room);
      this.changed('rooms', room);
    }
    return room;
  }

  /** Forgets a room. @param {string} name */
  drop(name) {
    for (const { n } of this.at(name)?.unsent ?? []) if (n !== undefined) this.#unsent.delete(n);
    this.rooms.delete(key(name));
    this.wanted.delete(key(name));
    if (key(this.active) === key(name)) {
      this.active = [...this.rooms.values()].find((room) => room.joined)?.name ?? '';
    }
    this.changed('rooms');
    this.changed('lines');
    this.changed('members');
  }

  /** The first message on a new line. @param {{name?: string, password?: string}} who @returns {Message} */
  hello({ name, password }) {
    const rooms = new Map();
    for (const [name, secret] of this.wanted) rooms.set(name, { room: name, key: secret });
    for (const room of this.rooms.values()) {
      if (!room.isRoom || !room.joined) continue;
      const after = room.newest(this.era)?.id;
      rooms.set(key(room.name), { ...rooms.get(key(room.name)), room: room.name, after });
    }
    return {
      type: 'hello',
      name: this.me || name || undefined,
      token: this.token || undefined,
      password: password || undefined,
      rooms: rooms.size > 0 ? [...rooms.values()] : undefined,
    };
  }

  /** One says something; what is to be sent for it, or null if too much waits already.
   * @param {Room} room @param {string} text @param {'say' | 'act'} kind @param {number} n @param {number} now */
  say(room, text, kind, n, now) {
    if (this.#unsent.size >= MOST_UNSENT) return null;
    /** @type {Item} */
    const item = {
      is: 'message', era: this.era, seq: Infinity, sub: 0, rev: 0, time: now, from: this.me, kind, text,
      n, state: 'sending', tries: 0,
    };
    room.unsent.push(item);
    this.#unsent.set(n, { room, item });
    this.changed('lines', room);
    return this.#message(room, item);
  }

  /** Once more what the server refused, with a number of its own. @param {Room} room @param {Item} item
   * @param {number} n */
  again(room, item, n) {
    item.n = n;
    item.state = 'sending';
    item.tries = 0;
    item.rev++;
    this.#unsent.set(n, { room, item });
    // It is said now, so it stands behind what was said meanwhile.
    room.unsent.splice(room.unsent.indexOf(item), 1);
    room.unsent.push(item);
    this.changed('lines', room);
    return this.#message(room, item);
  }

  /** Gives up what could not be said. @param {Room} room @param {Item} item */
  forget(room, item) {
    room.unsent = room.unsent.filter((other) => other !== item);
    this.changed('lines', room);
  }

  /** What waits for the server's word, in order: for a new line. A server that knows one says nothing
   * twice, because it knows the numbers. One that does not may have said it: so it is asked for a room's
   * lines first, and what is found there waits no more.
   * @param {Room} [of] what was said there; else: what needs no lines to be looked through */
  unacknowledged(of) {
    return [...this.#unsent.values()]
      .filter(({ room }) => (of ? room === of : this.resumed || !room.isRoom))
      .sort((one, other) => (one.item.n ?? 0) - (other.item.n ?? 0))
      .map(({ room, item }) => this.#message(room, item));
  }

  /** Lines of the server's to the reader alone. @param {string} text @param {string} [room] */
  note(text, room) {
    const to = (room && this.at(room)) || this.room || this.rooms.values().next().value;
    if (!to || text === '') return;
    to.append({ is: 'note', text: clean(text), time: Date.now() }, this.era);
    this.changed('lines', to);
  }

  /** Everything up to the end has been read. @param {Room} room @returns {string | null} the last line's id, if
   * that is new */
  readAll(room) {
    const last = room.newest(this.era)?.id ?? null;
    const news = last !== room.read || room.unread > 0;
    if (!news) return null;
    room.read = last;
    room.unread = 0;
    room.mentions = 0;
    this.changed('rooms', room);
    return last;
  }

  /** The server says something. @param {Message} message @param {number} now */
  take(message, now) {
    TAKES.get(message.type)?.call(this, message, now);
  }

  /** @param {Room} room @param {Item} item @returns {Message} */
  #message(room, item) {
    item.tries = (item.tries ?? 0) + 1;
    const to = room.isRoom ? { room: room.name } : { to: room.name };
    return { type: 'say', n: item.n, ...to, text: item.text, kind: item.kind === 'act' ? 'act' : undefined };
  }

  /** @param {Message} message */
  _welcome(message) {
    this.me = message.name;
    this.token = message.token ?? '';
    this.lobby = message.lobby ?? '';
    this.commands = message.commands ?? [];
    this.resumed = message.resumed === true;
    if (this.#epoch === '') this.#motd = message.motd ?? [];
    Object.assign(this.limits, message.limits);
    if (this.#epoch !== '' && message.epoch !== this.#epoch) {
      this.era++;
      for (const room of this.rooms.values()) {
        if (room.items.length === 0) continue;
        const line = this.#announced
          ? { is: /** @type {const} */ ('note'), text: 'The server was started again.' }
          : { is: /** @type {const} */ ('gap'), text: 'The server was started again. What was said before that and did not come here is not known.' };
        room.append({ ...line, time: Date.now() }, this.era);
        room.more = false;
      }
    }
    this.#epoch = message.epoch;
    this.#announced = false;
    for (const room of this.rooms.values()) room.typing.clear();
    this.changed('me');
  }

  /** @param {Message} message */
  _room(message) {
    const room = this.open(message.room);
    const fresh = !room.joined;
    const known = room.newest(this.era);
    room.joined = true;
    this.wanted.delete(key(room.name));
    room.topic = clean(message.topic ?? '');
    this._members(message);
    const lost = message.gap && known;
    if (room.items.length > 0 && (message.more || lost)) {
      const gap = room.append({ is: 'gap', text: lost ? LOST : 'More was said here; it is on its way.', time: Date.now() }, this.era);
      if (message.more) gap.before = message.messages?.[0]?.id;
    }
    if (!known) room.more = message.more === true;
    if (message.read && room.read === null) room.read = message.read;
    // What came while one was away is unread, and what stands behind the last line one has read; the lines
    // that everybody is shown at first are not.
    let unread = room.items.length > 0 || (room.read !== null && room.find(room.read) === undefined
      && !message.messages?.some((/** @type {Message} */ line) => line.id === room.read));
    for (const line of message.messages ?? []) {
      const item = this.#add(room, line);
      if (item && unread) this.#count(room, item);
      unread ||= line.id === room.read;
    }
    for (const id of message.redacted ?? []) room.remove(id);
    if (this.#motd.length > 0) this.note(this.#motd.splice(0).join('\n'), room.name);
    if (fresh && this.active === '') this.active = room.name;
    this.changed('rooms', room);
    this.changed('lines', room);
    this.changed('members', room);
  }

  /** @param {Message} message */
  _members(message) {
    const room = this.open(message.room);
    room.members.clear();
    for (const { name, rank = '', away = null } of message.members ?? []) {
      room.members.set(key(name), { name, rank, away });
    }
    room.count = message.count ?? room.members.size;
    room.complete = message.complete !== false;
    this.changed('members', room);
  }

  /** @param {Message} message */
  _message(message) {
    const room = this.at(message.room);
    if (!room) return;
    room.typing.delete(message.from);
    const item = this.#add(room, message);
    if (!item) return;
    room.trim();
    this.#count(room, item);
    this.said(room, item);
    this.changed('lines', room);
  }

  /** @param {Message} message */
  _private(message) {
    const mine = key(message.from) === key(this.me);
    // To the operators of a room: there it belongs.
    const operators = this.at(message.to.replace(/^[^#&]+/, ''));
    const room = operators ?? this.open(mine ? message.to : message.from);
    room.joined = true;
    room.typing.delete(message.from);
    const item = this.#add(room, message);
    if (item && !mine) {
      this.#count(room, item);
      this.said(room, item);
    }
    this.changed('lines', room);
  }

  /** @param {Message} message */
  _history(message) {
    const room = this.at(message.room);
    if (!room) return;
    const read = room.read === null ? undefined : room.find(room.read);
    for (const line of message.messages ?? []) {
      const item = this.#add(room, line);
      if (item && read && item.era === read.era && item.seq > read.seq) this.#count(room, item);
    }
    this.changed('lines', room);
  }

  /** @param {Message} message @param {number} now */
  _joined(message, now) {
    const room = this.at(message.room);
    if (!room) return;
    if (!room.members.has(key(message.name))) room.count++;
    room.members.set(key(message.name), { name: message.name, rank: '', away: message.away ?? null });
    room.came('joined', message.name, this.#place(message, now));
    this.changed('lines', room);
    this.changed('members', room);
  }

  /** @param {Message} message @param {number} now */
  _left(message, now) {
    if (key(message.name) === key(this.me)) this.drop(message.room);
    else this.#gone(this.at(message.room), message, now);
  }

  /** @param {Message} message @param {number} now */
  _quit(message, now) {
    for (const room of this.rooms.values()) {
      if (room.isRoom && room.members.has(key(message.name))) this.#gone(room, message, now);
    }
  }

  /** @param {Message} message */
  _renamed(message) {
    const mine = key(message.from) === key(this.me);
    if (mine) this.me = message.to;
    for (const [at, room] of [...this.rooms]) {
      const member = room.members.get(key(message.from));
      if (member) {
        room.members.delete(key(message.from));
        room.members.set(key(message.to), { ...member, name: message.to });
        const text = mine ? `You are now ${message.to}.` : `${message.from} is now ${message.to}.`;
        this.#mark(room, message, text);
        this.changed('members', room);
      }
      if (at === key(message.from) && !this.at(message.to)) {
        const shown = this.active === room.name;
        this.rooms.delete(at);
        room.name = message.to;
        this.rooms.set(key(message.to), room);
        if (shown) this.active = room.name;
        this.changed('rooms', room);
      }
    }
    this.changed('me');
  }

  /** @param {Message} message */
  _topic(message) {
    const room = this.at(message.room);
    if (!room) return;
    room.topic = clean(message.text ?? '');
    this.#mark(room, message, room.topic === '' ? `${message.by} took the topic away.` : `${message.by} set the topic: ${room.topic}`);
    this.changed('rooms', room);
  }

  /** @param {Message} message */
  _modes(message) {
    const room = this.at(message.room);
    if (!room) return;
    for (const { name, rank, given } of message.ranks ?? []) {
      const member = room.members.get(key(name));
      if (!member) continue;
      const others = [...member.rank].filter((other) => other !== rank);
      member.rank = RANKS.filter((other) => others.includes(other) || (given && other === rank)).join('');
    }
    this.#mark(room, message, `${message.by}: ${message.text}`);
    this.changed('members', room);
  }

  /** @param {Message} message */
  _removed(message) {
    const room = this.at(message.room);
    if (!room) return;
    const why = message.reason ? `: ${message.reason}` : '.';
    if (key(message.name) === key(this.me)) {
      room.joined = false;
      room.members.clear();
      this.#mark(room, message, `You were removed by ${message.by}${why}`);
    } else {
      room.members.delete(key(message.name));
      room.count--;
      this.#mark(room, message, `${message.name} was removed by ${message.by}${why}`);
    }
    this.changed('members', room);
    this.changed('rooms', room);
  }

  /** @param {Message} message */
  _redacted(message) {
    const room = this.at(message.room);
    room?.remove(message.id);
    this.changed('lines', room);
  }

  /** @param {Message} message */
  _presence(message) {
    for (const room of this.rooms.values()) {
      const member = room.members.get(key(message.name));
      if (member) {
        member.away = message.away ?? null;
        this.changed('members', room);
      }
    }
  }

  /** @param {Message} message @param {number} now */
  _typing(message, now) {
    const room = this.at(isRoomName(message.room ?? '') ? message.room : message.name);
    if (!room) return;
    if (message.state === 'done') room.typing.delete(message.name);
    else room.typing.set(message.name, now + 6_000);
    this.changed('me', room);
  }

  /** @param {Message} message */
  '_room-renamed'(message) {
    const room = this.at(message.from);
    if (!room) return;
    this.rooms.delete(key(message.from));
    if (key(this.active) === key(message.from)) this.active = message.to;
    room.name = message.to;
    this.rooms.set(key(message.to), room);
    this.#mark(room, message, `This room was ${message.from} before.`);
    this.changed('rooms', room);
  }

  /** @param {Message} message */
  _ack(message) {
    const waits = this.#unsent.get(message.n ?? 0);
    if (!waits) return;
    this.#unsent.delete(message.n ?? 0);
    waits.room.settle(waits.item, { id: message.id, seq: message.seq, time: message.time, era: this.era });
    this.changed('lines', waits.room);
  }

  /** @param {Message} message */
  _error(message) {
    const room = message.n === undefined ? this.at(message.room ?? '') : undefined;
    // A room that does not let one in again: what was to be said there is not said.
    if (room) room.joined = false;
    for (const [n, waits] of [...this.#unsent]) {
      if (n !== message.n && (room === undefined || waits.room !== room)) continue;
      this.#unsent.delete(n);
      waits.item.state = 'failed';
      waits.item.why = clean(message.text ?? '');
      waits.item.rev++;
      this.changed('lines', waits.room);
    }
    if (room) this.changed('rooms', room);
  }

  /** @param {Message} message */
  _missed(message) {
    // It stays where it stands: not all of it may still be had.
    this.note(`This line was too slow: ${message.count} ${message.count === 1 ? 'event' : 'events'} did not come here as they happened.`, message.room);
  }

  /** @param {Message} message */
  _info(message) {
    this.note(message.text ?? '', message.room);
  }

  /** @param {Message} message */
  _closing(message) {
    this.#announced = message.code === 'shutdown';
  }

  /** A line from the server, in its place; undefined: it is there. @param {Room} room @param {Message} line
   * @returns {Item | undefined} */
  #add(room, line) {
    // One's own line may come back before its acknowledgement does, if that was lost with the old line.
    if (key(line.from) === key(this.me)) {
      const mine = room.unsent.find((item) => item.state === 'sending' && (item.tries ?? 0) > 0
        && item.text === line.text && (item.kind === 'act') === (line.kind === 'act'));
      if (mine && !room.find(line.id)) {
        room.settle(mine, { id: line.id, seq: line.seq, time: line.time, era: this.era });
        if (!this.resumed) this.#unsent.delete(mine.n ?? 0);
        return undefined;
      }
    }
    /** @type {Item} */
    const item = {
      is: 'message', ...room.place(line.seq, this.era), rev: 0, time: line.time, id: line.id,
      from: line.from, kind: line.kind, text: clean(line.text ?? ''),
    };
    return room.insert(item) ? item : undefined;
  }

  /** @param {Room} room @param {Item} item */
  #count(room, item) {
    if (this.seen(room) || key(item.from ?? '') === key(this.me)) return;
    room.unread++;
    if (!room.isRoom || names(item.text, this.me)) room.mentions++;
    this.changed('rooms', room);
  }

  /** Something that happened to a room, in its place. @param {Room} room @param {Message} message
   * @param {string} text */
  #mark(room, message, text) {
    room.insert({ is: 'note', ...room.place(message.seq, this.era), rev: 0, time: message.time ?? Date.now(), text: clean(text) });
    this.changed('lines', room);
  }

  /** @param {Room | undefined} room @param {Message} message @param {number} now */
  #gone(room, message, now) {
    if (!room) return;
    if (room.members.delete(key(message.name))) room.count--;
    room.typing.delete(message.name);
    room.came('left', message.name, this.#place(message, now));
    this.changed('lines', room);
    this.changed('members', room);
  }

  /** @param {Message} message @param {number} now */
  #place(message, now) {
    return { era: this.era, seq: message.seq, time: message.time ?? now };
  }
}

/** What the page understands; all else is passed over, as the protocol asks.
 * @type {Map<string, (this: Store, message: Message, now: number) => void>} */
const TAKES = new Map(
  ['welcome', 'room', 'members', 'message', 'private', 'history', 'joined', 'left', 'quit', 'renamed', 'topic',
    'modes', 'removed', 'redacted', 'presence', 'typing', 'room-renamed', 'ack', 'error', 'info', 'missed', 'closing']
    .map((type) => [type, /** @type {any} */ (Store.prototype)[`_${type}`]]),
);

/** Names that differ in case alone are one. @param {string} name */
export function key(name) {
  return name.toLowerCase();
}
