// The line to the server: a WebSocket, a timer, and answers to what was asked.
//
// Invariant: what is asked is answered once, or refused once when the line ends. What must outlive the
// line (what people have said) is not kept here, but in store.js.

import { Connection } from './connection.js';

/** @typedef {{type: string, n?: number, [field: string]: any}} Message */
/** @typedef {{hello: () => Message, live: () => void, took: (message: Message) => void,
 *             changed: () => void}} Ear */

/** The version of the protocol: docs/web-protocol.md. */
const PROTOCOL = 'switchboard.v1';

export class Line {
  connection = new Connection();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Counted up with everything that wants an answer. */
  #n = 0;
  /** @type {Map<number, {resolve: (answer: Message) => void, reject: (error: Message) => void}>} */
  #asked = new Map();
  /** Whether there has been a welcome: from then on it is known how far was counted with the token. */
  #counted = false;
  #ear;
  #url;

  /** @param {string} url @param {Ear} ear */
  constructor(url, ear) {
    this.#url = url;
    this.#ear = ear;
    globalThis.addEventListener?.('online', () => this.#do(this.connection.doubt(Date.now())));
    globalThis.document?.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#do(this.connection.doubt(Date.now()));
    });
  }

  get live() {
    return this.connection.state.is === 'live';
  }

  start() {
    this.#do(this.connection.start(Date.now()));
  }

  /** @param {string} text */
  leave(text) {
    this.#do(this.connection.leave(text));
  }

  /** Somebody has answered what the server asked. */
  answered() {
    this.#do(this.connection.answered(Date.now()));
  }

  /** The number of what is asked next. */
  next() {
    return ++this.#n;
  }

  /** Sends, or does not: without a line it is lost. @param {Message} message */
  send(message) {
    if (this.live) this.#socket?.send(JSON.stringify(message));
  }

  /** Asks. The answer has the question's number; an error is thrown.
   * @param {Message} message @returns {Promise<Message>} */
  ask(message) {
    const n = this.next();
    if (!this.live) {
      return Promise.reject({ type: 'error', code: 'no-line', text: 'There is no connection just now. Try again when it is back.' });
    }
    return new Promise((resolve, reject) => {
      this.#asked.set(n, { resolve, reject });
      this.send({ ...message, n });
    });
  }

  /** @param {import('./connection.js').Action[]} actions */
  #do(actions) {
    for (const action of actions) {
      if (action === 'open') this.#open();
      else if (action === 'close') this.#close();
      else if (action === 'hello') this.#socket?.send(JSON.stringify(this.#hello()));
      else this.send({ type: 'ping', n: this.next() });
    }
    clearTimeout(this.#timer);
    const deadline = this.connection.deadline;
    if (deadline !== null) {
      const wait = Math.max(0, deadline - Date.now());
      this.#timer = setTimeout(() => this.#do(this.connection.tick(Date.now())), wait);
    }
    this.#ear.changed();
  }

  // A hello that a later one has overtaken on the way does not take the line back: it has its number.
  #hello() {
    const hello = this.#ear.hello();
    return this.#counted ? { ...hello, n: this.next() } : hello;
  }

  #open() {
    const socket = new WebSocket(this.#url, PROTOCOL);
    this.#socket = socket;
    socket.onopen = () => this.#do(this.connection.opened());
    socket.onmessage = (event) => this.#took(event.data);
    socket.onclose = (event) => {
      const refused = this.connection.state.is === 'connecting';
      this.#ended();
      this.#do(this.connection.closed(Date.now(), event.reason));
      if (refused) this.#askWhy();
    };
  }

  // A browser does not say why it got no WebSocket. The same address tells it to who asks for a page.
  async #askWhy() {
    try {
      const answer = await fetch(this.#url.replace(/^ws/, 'http'), { cache: 'no-store' });
      if (![403, 429, 503].includes(answer.status)) return;
      this.connection.learned((await answer.text()).trim());
      this.#do([]);
    } catch {
      // There is no server to ask.
    }
  }

  // Nothing is heard of a socket that is given up: it may take its time to close.
  #close() {
    const socket = this.#socket;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    }
    this.#ended();
  }

  #ended() {
    this.#socket = null;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) {
      reject({ type: 'error', code: 'no-line', text: 'The connection was cut before the answer came. Try again.' });
    }
  }

  /** @param {string} text */
  #took(text) {
    /** @type {Message} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    const live = this.live;
    this.connection.heard(Date.now());
    if (message.type === 'welcome') {
      // The server does not say twice what has a number that it has had, from an earlier page with this token.
      this.#n = Math.max(this.#n, message.said ?? 0);
      this.#counted = true;
      this.connection.welcomed(Date.now(), message.resumed === true);
    }
    if (message.type === 'error' && message.code === 'password') {
      this.connection.asked();
      this.#do([]);
    }
    if (message.type === 'closing') this.connection.closing(message.code, message.text);
    this.#ear.took(message);
    if (!live && this.live) {
      this.#ear.live();
      this.#do([]);
    }
    const asked = message.n === undefined ? undefined : this.#asked.get(message.n);
    if (asked) {
      this.#asked.delete(/** @type {number} */ (message.n));
      if (message.type === 'error') asked.reject(message);
      else asked.resolve(message);
    }
  }
}
