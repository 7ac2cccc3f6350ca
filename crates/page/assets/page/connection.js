// What the page's connection is doing, and what is to be done next.
//
// Invariant: no socket, timer, clock or chance of its own. Facts come in with the time at which they
// happened, actions go out; whoever drives it (line.js) does them, and calls `tick` at `deadline`.

/** @typedef {{is: 'connecting', since: number, attempt: number}
 *         | {is: 'asking'}
 *         | {is: 'live', resumed: boolean, heard: number, pinged: number | null, since: number, attempt: number}
 *         | {is: 'waiting', until: number, attempt: number, why: string}
 *         | {is: 'gone', code: string, text: string}} State */
/** @typedef {'open' | 'close' | 'hello' | 'ping'} Action */

/** All waits, in milliseconds. */
export const TIMES = {
  /** A connection that is not welcomed by then is given up. */
  connect: 10_000,
  /** Silence after which the server is asked whether it is there. */
  quiet: 40_000,
  /** What it has to answer, before the line is taken to be cut. */
  answer: 10_000,
  /** The first wait before another try; it doubles with each. */
  backOff: 1_000,
  /** The longest. */
  backOffMost: 30_000,
  /** A line that lived for less counts as one that did not come about: the waits go on growing. */
  settled: 10_000,
};

/** Ends after which the page does not come back by itself: somebody must want it. */
const FINAL = new Set(['put-out', 'banned', 'not-welcome', 'resumed-elsewhere', 'quit']);

export class Connection {
  /** @type {State} */
  state = { is: 'waiting', until: 0, attempt: 0, why: '' };
  /** What the server said before it closed. @type {{code: string, text: string} | null} */
  #farewell = null;
  #random;

  /** @param {() => number} random at least 0, less than 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** When `tick` is to be called; null: not at all. @returns {number | null} */
  get deadline() {
    const state = this.state;
    switch (state.is) {
      case 'connecting': return state.since + TIMES.connect;
      case 'waiting': return state.until;
      case 'live': return state.pinged === null ? state.heard + TIMES.quiet : state.pinged + TIMES.answer;
      case 'asking': case 'gone': return null;
    }
  }

  /** Somebody wants a connection now: at the start, by a button, or because the network is back.
   * @param {number} now @returns {Action[]} */
  start(now) {
    if (this.state.is !== 'waiting' && this.state.is !== 'gone') return [];
    return this.#open(now, this.state.is === 'waiting' ? this.state.attempt : 0);
  }

  /** The network may have changed under a line that seems alive: ask now rather than in a while.
   * @param {number} now @returns {Action[]} */
  doubt(now) {
    if (this.state.is === 'waiting') return this.start(now);
    if (this.state.is !== 'live' || this.state.pinged !== null) return [];
    this.state = { ...this.state, pinged: now };
    return ['ping'];
  }

  /** The socket is open. @returns {Action[]} */
  opened() {
    return this.state.is === 'connecting' ? ['hello'] : [];
  }

  /** The server wants to know something of a person, which takes its time: the server ends it. */
  asked() {
    if (this.state.is === 'connecting') this.state = { is: 'asking' };
  }

  /** The person has answered. @param {number} now @returns {Action[]} */
  answered(now) {
    if (this.state.is !== 'asking') return this.start(now);
    this.state = { is: 'connecting', since: now, attempt: 0 };
    return ['hello'];
  }

  /** Something came. @param {number} now */
  heard(now) {
    if (this.state.is === 'live') this.state = { ...this.state, heard: now, pinged: null };
  }

  /** The server knows the page. @param {number} now @param {boolean} resumed */
  welcomed(now, resumed) {
    if (this.state.is === 'connecting') {
      const { attempt } = this.state;
      this.state = { is: 'live', resumed, heard: now, pinged: null, since: now, attempt };
    }
  }

  /** The server said that it will close, and why. @param {string} code @param {string} text */
  closing(code, text) {
    this.#farewell = { code, text };
  }

  /** The socket is closed, by whomever. @param {number} now @param {string} [reason]
   * @returns {Action[]} */
  closed(now, reason = '') {
    if (this.state.is === 'waiting' || this.state.is === 'gone') return [];
    const said = this.#farewell;
    this.#farewell = null;
    if (said && FINAL.has(said.code)) {
      this.state = { is: 'gone', ...said };
    } else {
      this.#wait(now, said?.text || reason);
    }
    return [];
  }

  /** It was found out why no connection came about. @param {string} why */
  learned(why) {
    if (this.state.is === 'waiting') this.state = { ...this.state, why };
  }

  /** Leaves for good. @param {string} text @returns {Action[]} */
  leave(text) {
    const open = this.state.is !== 'waiting' && this.state.is !== 'gone';
    this.state = { is: 'gone', code: 'quit', text };
    return open ? ['close'] : [];
  }

  /** Time has passed. @param {number} now @returns {Action[]} */
  tick(now) {
    const deadline = this.deadline;
    if (deadline === null || now < deadline) return [];
    const state = this.state;
    if (state.is === 'waiting') return this.#open(now, state.attempt);
    if (state.is === 'live' && state.pinged === null) return this.doubt(now);
    this.#farewell = null;
    this.#wait(now, 'The server does not answer.');
    return ['close'];
  }

  /** @param {number} now @param {number} attempt @returns {Action[]} */
  #open(now, attempt) {
    this.#farewell = null;
    this.state = { is: 'connecting', since: now, attempt };
    return ['open'];
  }

  // A server that restarts has all its readers back within a second or two, but not in one moment:
  // the wait is anywhere between a fifth of its length and all of it.
  /** @param {number} now @param {string} why */
  #wait(now, why) {
    const state = this.state;
    const failed = state.is === 'connecting' || (state.is === 'live' && now - state.since < TIMES.settled);
    const attempt = failed ? state.attempt + 1 : 1;
    const length = Math.min(TIMES.backOffMost, TIMES.backOff * 2 ** (attempt - 1));
    this.state = { is: 'waiting', until: now + length * (0.2 + 0.8 * this.#random()), attempt, why };
  }
}
