// One room, or one person one writes with: its lines in order, who is there, what is unread.
//
// Invariant: no line is in it twice, and lines stand in the server's order, whatever way they came.
// What has not been acknowledged stands behind all others.

/** @typedef {'message' | 'comings' | 'note' | 'gap'} Is
 * A line. `message` is what somebody said; `comings` who came and went, folded into one; `note` what
 * the server says to the reader alone; `gap` a place where lines may be missing, `before` the id up to
 * which they can be asked for.
 * `rev` counts its changes.
 * @typedef {{is: Is, era: number, seq: number, sub: number, rev: number, time: number, id?: string,
 *   from?: string, kind?: string, text: string, n?: number, state?: 'sending' | 'failed' | 'sent',
 *   why?: string, tries?: number, gone?: boolean, before?: string, joined?: string[], left?: string[]}} Item */

/** @typedef {{name: string, rank: string, away: string | null}} Member */

/** What stands at a gap that cannot be filled. */
export const LOST = 'Some lines are missing here: more was said than is kept.';
/** The most lines kept. Met: the oldest go; they can be asked for again. */
const MOST = 12_000;
/** How many go at once. */
const DROP = 1_000;
/** Comings and goings within this time of each other are one line. */
const FOLD_MS = 30 * 60_000;

export class Room {
  /** @type {Item[]} */
  items = [];
  /** Said, and not acknowledged. @type {Item[]} */
  unsent = [];
  /** @type {Map<string, Item>} */
  #ids = new Map();
  /** @type {Map<string, Member>} */
  members = new Map();
  count = 0;
  complete = true;
  topic = '';
  joined = false;
  /** Can earlier lines be asked for? */
  more = false;
  unread = 0;
  mentions = 0;
  /** The last line that was read. @type {string | null} */
  read = null;
  /** Who writes, until when. @type {Map<string, number>} */
  typing = new Map();

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  get isRoom() {
    return isRoomName(this.name);
  }

  /** All lines, those that are not acknowledged last. */
  get lines() {
    return this.unsent.length === 0 ? this.items : this.items.concat(this.unsent);
  }

  /** @param {string} id */
  find(id) {
    return this.#ids.get(id);
  }

  /** The first or last line that the server knows, in an era. @param {number} era */
  oldest(era) {
    return this.items.find((item) => item.id !== undefined && item.era === era);
  }

  /** @param {number} era */
  newest(era) {
    return this.items.findLast((item) => item.id !== undefined && item.era === era);
  }

  /** Puts a line in its place; false: it is there already. @param {Item} item */
  insert(item) {
    if (item.id !== undefined) {
      if (this.#ids.has(item.id)) return false;
      this.#ids.set(item.id, item);
    }
    let at = this.items.length;
    while (at > 0 && before(item, this.items[at - 1])) {
      at = at > 64 && before(item, this.items[at - 64]) ? at - 64 : at - 1;
    }
    this.items.splice(at, 0, item);
    return true;
  }

  /** Where a line stands: by its number, or, if it has none, behind all others.
   * @param {number | undefined} seq @param {number} era */
  place(seq, era) {
    const last = this.items.at(-1);
    if (seq !== undefined || !last) return { era, seq: seq ?? 0, sub: 0 };
    return { era: last.era, seq: last.seq, sub: last.sub + 1 };
  }

  /** Puts a line behind all that the server has told of. @param {Pick<Item, 'is' | 'text' | 'time'>} line
   * @param {number} era */
  append(line, era) {
    /** @type {Item} */
    const item = { rev: 0, ...line, ...this.place(undefined, era) };
    this.items.push(item);
    return item;
  }

  /** Somebody came or went. @param {'joined' | 'left'} what @param {string} name
   * @param {{era: number, seq: number, time: number}} at */
  came(what, name, at) {
    const last = this.items.at(-1);
    if (last?.is === 'comings' && at.time - last.time < FOLD_MS) {
      const { joined = [], left = [] } = last;
      const other = what === 'joined' ? left : joined;
      // Who comes and goes within a moment has not been away, or not been here.
      if (other.includes(name)) other.splice(other.indexOf(name), 1);
      else (what === 'joined' ? joined : left).push(name);
      last.rev++;
      if (joined.length + left.length === 0) this.items.pop();
      return;
    }
    this.insert({
      is: 'comings', ...at, sub: 0, rev: 0, text: '',
      joined: what === 'joined' ? [name] : [], left: what === 'left' ? [name] : [],
    });
  }

  /** The server has taken what was said: it has its place now. @param {Item} item
   * @param {{id?: string, seq?: number, time?: number, era: number}} place */
  settle(item, { id, seq, time, era }) {
    const at = this.unsent.indexOf(item);
    if (at >= 0) this.unsent.splice(at, 1);
    else return;
    item.state = 'sent';
    item.rev++;
    if (id !== undefined && this.#ids.has(id)) return;
    Object.assign(item, { id, time: time ?? item.time, ...this.place(seq, era) });
    this.insert(item);
  }

  /** @param {string} id */
  remove(id) {
    const item = this.#ids.get(id);
    if (!item) return;
    item.gone = true;
    item.text = '';
    item.rev++;
  }

  /** What can be had of a gap is there. @param {Item} gap @param {'whole' | 'in part'} how */
  fill(gap, how) {
    delete gap.before;
    gap.rev++;
    if (how === 'whole') this.items.splice(this.items.indexOf(gap), 1);
    else gap.text = LOST;
  }

  /** Forgets the oldest lines, if there are too many. */
  trim() {
    if (this.items.length <= MOST) return;
    for (const item of this.items.splice(0, DROP)) {
      if (item.id !== undefined) this.#ids.delete(item.id);
    }
    this.more = true;
  }
}

/** @param {string} name */
export function isRoomName(name) {
  return name.startsWith('#') || name.startsWith('&');
}

/** @param {Item} one @param {Item} other */
function before(one, other) {
  return (one.era - other.era || one.seq - other.seq || one.sub - other.sub) < 0;
}
