// What the page knows, told as the server tells it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../assets/page/store.js';

/** A store that has been welcomed and is in the lobby. */
class Told {
  store = new Store();
  seq = 0;
  now = 1_790_000_000_000;

  constructor() {
    this.welcome('one');
    this.room();
  }

  take(message) {
    this.store.take(message, this.now);
  }

  welcome(epoch, more = {}) {
    this.epoch = epoch;
    this.take({ type: 'welcome', name: 'ada', token: 't', epoch, lobby: '#lobby', commands: [], limits: {}, ...more });
  }

  room(messages = [], more = {}) {
    this.take({ type: 'room', room: '#lobby', topic: '', members: [{ name: 'ada' }, { name: 'bob' }], count: 2, complete: true, messages, more: false, gap: false, ...more });
  }

  line(text, from = 'bob', seq = ++this.seq) {
    return { type: 'message', id: `${this.epoch}-${seq}`, seq, time: this.now + seq, room: '#lobby', from, kind: 'say', text };
  }

  get lobby() {
    return this.store.at('#lobby');
  }

  texts(is = 'message') {
    return this.lobby.lines.filter((item) => item.is === is).map((item) => item.text);
  }
}

test('lines stand in the order of the server, whatever way they come', () => {
  const told = new Told();
  const lines = ['a', 'b', 'c', 'd', 'e'].map((text) => told.line(text));
  for (const at of [4, 1, 3, 0, 2]) told.take(lines[at]);
  assert.deepEqual(told.texts(), ['a', 'b', 'c', 'd', 'e']);
});

test('any order, and any of them twice, makes the same room', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`SEED=${seed}`);
  let state = seed;
  const chance = (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 50; round++) {
    const told = new Told();
    const lines = Array.from({ length: 300 }, (_, at) => told.line(`line ${at}`));
    const sent = [...lines, ...Array.from({ length: 100 }, () => lines[chance(300)])];
    for (let at = sent.length - 1; at > 0; at--) {
      const other = chance(at + 1);
      [sent[at], sent[other]] = [sent[other], sent[at]];
    }
    while (sent.length > 0) {
      const some = sent.splice(0, 1 + chance(9));
      if (chance(2) === 0) some.forEach((line) => told.take(line));
      else told.take({ type: 'history', room: '#lobby', messages: some, more: true });
    }
    assert.deepEqual(told.texts(), lines.map((line) => line.text));
  }
});

test('what one says is shown at once, and has its place when the server has taken it', () => {
  const told = new Told();
  const sent = told.store.say(told.lobby, 'hi', 'say', 7, told.now);
  assert.deepEqual(sent, { type: 'say', n: 7, room: '#lobby', text: 'hi', kind: undefined });
  told.take(told.line('before', 'bob', 3));
  assert.deepEqual(told.texts(), ['before', 'hi']);
  assert.equal(told.lobby.unsent[0].state, 'sending');
  told.take({ type: 'ack', n: 7, id: 'one-2', seq: 2, time: told.now });
  assert.deepEqual(told.texts(), ['hi', 'before']);
  assert.equal(told.lobby.unsent.length, 0);
});

test('what the server refuses is kept, with the reason, and can be said again under another number', () => {
  const told = new Told();
  told.store.say(told.lobby, 'hi', 'say', 7, told.now);
  told.take({ type: 'error', n: 7, code: 'silenced', text: 'This room is moderated.' });
  const [item] = told.lobby.unsent;
  assert.equal(item.state, 'failed');
  assert.equal(item.why, 'This room is moderated.');
  assert.deepEqual(told.store.unacknowledged(), []);
  assert.equal(told.store.again(told.lobby, item, 8).n, 8);
  told.take({ type: 'ack', n: 8, id: 'one-1', seq: 1, time: told.now });
  assert.deepEqual(told.texts(), ['hi']);
});

test('after a cut, what was not acknowledged goes again in its order, and is there once', () => {
  const told = new Told();
  for (const n of [1, 2, 3]) told.store.say(told.lobby, `mine ${n}`, 'say', n, told.now);
  told.take({ type: 'ack', n: 1, id: 'one-1', seq: 1, time: told.now });
  // The server took 2 as well, but its acknowledgement was lost with the line.
  told.welcome('one', { resumed: true });
  assert.deepEqual(told.store.unacknowledged().map((message) => message.n), [2, 3]);
  told.room([told.line('mine 2', 'ada', 2), told.line('bob too', 'bob', 3)]);
  assert.deepEqual(told.texts(), ['mine 1', 'mine 2', 'bob too', 'mine 3']);
  told.take({ type: 'ack', n: 2, duplicate: true, id: 'one-2', seq: 2, time: told.now });
  told.take({ type: 'ack', n: 3, id: 'one-4', seq: 4, time: told.now });
  assert.deepEqual(told.texts(), ['mine 1', 'mine 2', 'bob too', 'mine 3']);
  assert.deepEqual(told.store.unacknowledged(), []);
});

test('a server that has forgotten one is asked what was said before it is said again', () => {
  const told = new Told();
  for (const n of [1, 2]) told.store.say(told.lobby, `mine ${n}`, 'say', n, told.now);
  told.welcome('one', { resumed: false });
  assert.deepEqual(told.store.unacknowledged(), []);
  told.room([told.line('mine 1', 'ada')]);
  assert.deepEqual(told.store.unacknowledged(told.lobby).map((message) => message.n), [2]);
});

test('what was to be said in a room that does not let one in again is not said', () => {
  const told = new Told();
  told.store.say(told.lobby, 'hi', 'say', 1, told.now);
  told.take({ type: 'error', code: 'closed', room: '#lobby', text: 'It is full.' });
  assert.equal(told.lobby.joined, false);
  assert.equal(told.lobby.unsent[0].state, 'failed');
});

test('what came twice over two lines is there once', () => {
  const told = new Told();
  const lines = ['a', 'b', 'c'].map((text) => told.line(text));
  lines.forEach((line) => told.take(line));
  told.welcome('one', { resumed: true });
  told.room([...lines.slice(1), told.line('d')]);
  assert.deepEqual(told.texts(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(told.texts('gap'), []);
});

test('hello asks for what stands behind the last line of each room', () => {
  const told = new Told();
  assert.deepEqual(told.store.hello({}).rooms, [{ room: '#lobby', after: undefined }]);
  told.take(told.line('a'));
  told.store.wanted.set('#tea', undefined);
  assert.deepEqual(told.store.hello({ name: 'x' }), {
    type: 'hello', name: 'ada', token: 't', password: undefined,
    rooms: [{ room: '#tea', key: undefined }, { room: '#lobby', after: 'one-1' }],
  });
});

test('a gap is marked where it is, between what was known and what came', () => {
  const told = new Told();
  told.take(told.line('a'));
  told.welcome('one', { resumed: true });
  told.room([told.line('z', 'bob', 900)], { gap: true });
  assert.deepEqual(told.lobby.lines.map((item) => item.is), ['message', 'gap', 'message']);
});

test('more than is told at once leaves a gap that says from where to ask, and goes when it is filled', () => {
  const told = new Told();
  told.take(told.line('a', 'bob', 1));
  told.room([told.line('d', 'bob', 4)], { more: true });
  const gap = told.lobby.lines[1];
  assert.deepEqual([gap.is, gap.before], ['gap', 'one-4']);
  told.take({ type: 'history', room: '#lobby', messages: [told.line('b', 'bob', 2), told.line('c', 'bob', 3)], more: false });
  assert.deepEqual(told.lobby.lines.map((item) => item.text), ['a', gap.text, 'b', 'c', 'd']);
  told.lobby.fill(gap, 'whole');
  assert.deepEqual(told.texts(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(told.texts('gap'), []);
});

test('a server that said that it stops leaves no gap, and numbers that begin anew stand behind', () => {
  const told = new Told();
  told.take(told.line('a', 'bob', 500));
  told.take({ type: 'closing', code: 'shutdown', text: 'Back in a moment.' });
  told.welcome('two');
  told.room([told.line('b', 'bob', 1)], { gap: true });
  assert.deepEqual(told.texts(), ['a', 'b']);
  assert.deepEqual(told.texts('gap'), []);
  assert.equal(told.texts('note').length, 1);
});

test('a server that was gone without a word may have had more: that is a gap', () => {
  const told = new Told();
  told.take(told.line('a', 'bob', 500));
  told.welcome('two');
  told.room([told.line('b', 'bob', 1)], { gap: true });
  assert.deepEqual(told.lobby.lines.map((item) => item.is), ['message', 'gap', 'message']);
});

test('earlier lines stand before, and are not unread', () => {
  const told = new Told();
  told.room([told.line('late', 'bob', 50)]);
  told.store.readAll(told.lobby);
  told.take({ type: 'history', n: 1, room: '#lobby', messages: [told.line('early', 'bob', 10)], more: false });
  assert.deepEqual(told.texts(), ['early', 'late']);
  assert.equal(told.lobby.unread, 0);
});

test('what comes unseen is unread, and is marked when it names one', () => {
  const told = new Told();
  told.take(told.line('hello'));
  told.take(told.line('ada: tea?'));
  told.take(told.line('adamant'));
  assert.deepEqual([told.lobby.unread, told.lobby.mentions], [3, 1]);
  assert.equal(told.store.readAll(told.lobby), 'one-3');
  assert.deepEqual([told.lobby.unread, told.lobby.mentions], [0, 0]);
});

test('what came while one was away is unread; the lines that a newcomer is shown are not', () => {
  const told = new Told();
  told.room([told.line('old')]);
  told.room([told.line('new')]);
  assert.equal(told.lobby.unread, 1);
  const fresh = new Told();
  fresh.store = new Store();
  fresh.welcome('one');
  fresh.room([fresh.line('a'), fresh.line('b'), fresh.line('c')], { read: 'one-1' });
  assert.equal(fresh.lobby.unread, 2);
  const first = new Told();
  first.store = new Store();
  first.welcome('one');
  first.room([first.line('a'), first.line('b')]);
  assert.equal(first.lobby.unread, 0);
});

test('comings and goings are one line, and who only looked in is not in it', () => {
  const told = new Told();
  for (const name of ['cy', 'di', 'ed']) told.take({ type: 'joined', seq: ++told.seq, time: told.now, room: '#lobby', name });
  told.take({ type: 'quit', seq: ++told.seq, time: told.now, name: 'di' });
  told.take({ type: 'left', seq: ++told.seq, time: told.now, room: '#lobby', name: 'bob' });
  const [line, ...others] = told.lobby.lines;
  assert.deepEqual(others, []);
  assert.deepEqual([line.joined, line.left], [['cy', 'ed'], ['bob']]);
  assert.deepEqual([...told.lobby.members.keys()], ['ada', 'cy', 'ed']);
});

test('one is called by the new name, and so are the others', () => {
  const told = new Told();
  told.take({ type: 'renamed', seq: 1, time: told.now, from: 'ada', to: 'lovelace' });
  told.take({ type: 'renamed', seq: 2, time: told.now, from: 'bob', to: 'rob' });
  assert.equal(told.store.me, 'lovelace');
  assert.deepEqual([...told.lobby.members.keys()], ['lovelace', 'rob']);
});

test('one’s own private line is there once, whichever comes first, the line or its acknowledgement', () => {
  for (const order of [['private', 'ack'], ['ack', 'private']]) {
    const told = new Told();
    const room = told.store.open('bob');
    told.store.say(room, 'psst', 'say', 4, told.now);
    const messages = {
      private: { type: 'private', id: 'p1', time: told.now, from: 'ada', to: 'bob', kind: 'say', text: 'psst' },
      ack: { type: 'ack', n: 4, id: 'p1' },
    };
    order.forEach((type) => told.take(messages[type]));
    assert.deepEqual(room.lines.map((item) => item.text), ['psst'], `${order}`);
  }
});

test('ranks are given and taken', () => {
  const told = new Told();
  const modes = (rank, given) => told.take({ type: 'modes', seq: ++told.seq, time: told.now, room: '#lobby', by: 'ada', text: 'x', ranks: [{ name: 'bob', rank, given }] });
  modes('+', true);
  modes('@', true);
  assert.equal(told.lobby.members.get('bob').rank, '@+');
  modes('+', false);
  assert.equal(told.lobby.members.get('bob').rank, '@');
});

test('a line that is taken back is empty, and keeps its place', () => {
  const told = new Told();
  told.take(told.line('a'));
  told.take(told.line('b'));
  told.take({ type: 'redacted', room: '#lobby', id: 'one-1', by: 'bob' });
  assert.deepEqual(told.lobby.lines.map((item) => [item.text, item.gone]), [['', true], ['b', undefined]]);
});

test('a room keeps a bounded number of lines, and knows that there are earlier ones', () => {
  const told = new Told();
  for (let at = 0; at < 13_000; at++) told.take(told.line(`line ${at}`));
  assert.ok(told.lobby.items.length <= 12_000);
  assert.equal(told.lobby.items.at(-1).text, 'line 12999');
  assert.equal(told.lobby.more, true);
});

test('what the page does not understand is passed over', () => {
  const told = new Told();
  for (const type of ['constructor', '__proto__', 'toString', 'new-thing', '']) told.take({ type });
  told.take({ type: 'message', room: '#elsewhere', id: 'x', seq: 1, from: 'eve', text: 'boo' });
  assert.deepEqual(told.lobby.lines, []);
});

test('what was missed for slowness is said where it is missing, and stays said', () => {
  const told = new Told();
  told.take(told.line('before'));
  told.take({ type: 'missed', room: '#lobby', count: 12 });
  told.seq += 12;
  told.take(told.line('behind'));
  const items = told.lobby.lines.filter((item) => item.is !== 'comings');
  assert.deepEqual(items.map((item) => item.is), ['message', 'note', 'message']);
  assert.match(items[1].text, /12 events/);
});
