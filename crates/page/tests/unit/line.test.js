// What the line sends, over a socket that is none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Line } from '../../assets/page/line.js';

class Socket {
  /** @type {Socket[]} */
  static all = [];
  sent = [];

  constructor() {
    Socket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {}
}

test('a hello has its number once it is known how far was counted, and numbers only grow', () => {
  globalThis.WebSocket = Socket;
  const nothing = () => {};
  const line = new Line('ws://a.example/ws', { hello: () => ({ type: 'hello', token: 't' }), live: nothing, took: nothing, changed: nothing });
  const greet = () => {
    line.start();
    const socket = Socket.all.at(-1);
    socket.onopen();
    socket.onmessage({ data: JSON.stringify({ type: 'welcome', resumed: false, said: 7 }) });
    return socket;
  };
  const numbers = [];
  for (let times = 0; times < 3; times += 1) {
    const socket = greet();
    line.ask({ type: 'rooms' }).catch(nothing);
    socket.onclose({ reason: '' });
    numbers.push(...socket.sent.map(({ type, n }) => [type, n]));
  }
  line.leave('');
  assert.deepEqual(numbers, [['hello', undefined], ['rooms', 8], ['hello', 9], ['rooms', 10], ['hello', 11], ['rooms', 12]]);
});
