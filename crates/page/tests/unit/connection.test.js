// The connection's states: from outside there is only time and chance, and both are given.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, TIMES } from '../../assets/page/connection.js';

/** A connection that is live at time 0. */
function live(random = () => 0.5) {
  const connection = new Connection(random);
  connection.start(0);
  connection.opened();
  connection.welcomed(0, false);
  return connection;
}

test('it opens, says hello, and is live when it is welcomed', () => {
  const connection = new Connection();
  assert.deepEqual(connection.start(0), ['open']);
  assert.deepEqual(connection.opened(), ['hello']);
  assert.equal(connection.state.is, 'connecting');
  connection.welcomed(5, true);
  assert.deepEqual(connection.state, { is: 'live', resumed: true, heard: 5, pinged: null, since: 5, attempt: 0 });
});

test('a line that is cut is opened again after a wait that is never none and never the same for all', () => {
  const waits = [0, 0.5, 0.999].map((chance) => {
    const connection = live(() => chance);
    assert.deepEqual(connection.closed(1_000), []);
    assert.equal(connection.state.is, 'waiting');
    return connection.deadline - 1_000;
  });
  assert.ok(waits[0] >= TIMES.backOff * 0.2 && waits[2] <= TIMES.backOff);
  assert.equal(new Set(waits).size, 3);
});

test('waits grow with each try that fails, up to the longest, and begin anew when a line has lived for a while', () => {
  const connection = live(() => 0.999999);
  const waits = [];
  connection.closed(0);
  let now = 0;
  for (let tries = 0; tries < 9; tries++) {
    waits.push(Math.round(connection.deadline - now));
    now = connection.deadline;
    assert.deepEqual(connection.tick(now), ['open']);
    connection.closed(now);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  connection.start(now);
  connection.opened();
  connection.welcomed(now, true);
  connection.closed(now + TIMES.settled - 1);
  assert.ok(connection.deadline - now > TIMES.backOffMost, 'a welcome alone is not enough');
  now = connection.deadline;
  connection.start(now);
  connection.opened();
  connection.welcomed(now, true);
  now += TIMES.settled;
  connection.closed(now);
  assert.ok(connection.deadline - now <= TIMES.backOff);
});

test('a tick before its time does nothing', () => {
  const connection = live();
  connection.closed(0);
  assert.deepEqual(connection.tick(connection.deadline - 1), []);
  assert.equal(connection.state.is, 'waiting');
});

test('a silent line is asked, and given up if it does not answer', () => {
  const connection = live();
  assert.deepEqual(connection.tick(TIMES.quiet), ['ping']);
  assert.deepEqual(connection.tick(TIMES.quiet + TIMES.answer), ['close']);
  assert.equal(connection.state.is, 'waiting');
});

test('anything that comes is a sign of life', () => {
  const connection = live();
  connection.heard(TIMES.quiet - 1);
  assert.deepEqual(connection.tick(TIMES.quiet), []);
  connection.tick(2 * TIMES.quiet);
  connection.heard(2 * TIMES.quiet + 1);
  assert.equal(connection.deadline, 3 * TIMES.quiet + 1);
});

test('a line that is doubted is asked at once, and a wait is over', () => {
  const connection = live();
  assert.deepEqual(connection.doubt(10), ['ping']);
  assert.deepEqual(connection.doubt(11), []);
  connection.closed(20);
  assert.deepEqual(connection.doubt(21), ['open']);
});

test('a connection that is not welcomed in time is given up', () => {
  const connection = new Connection();
  connection.start(0);
  connection.opened();
  assert.deepEqual(connection.tick(TIMES.connect), ['close']);
  assert.equal(connection.state.is, 'waiting');
});

test('a server that stops is come back to, and what it said is shown', () => {
  const connection = live();
  connection.closing('shutdown', 'Back in a moment.');
  connection.closed(0);
  assert.equal(connection.state.is, 'waiting');
  assert.equal(connection.state.why, 'Back in a moment.');
});

for (const code of ['put-out', 'banned', 'not-welcome', 'resumed-elsewhere', 'quit']) {
  test(`who is told to go (${code}) goes, until somebody wants to come back`, () => {
    const connection = live();
    connection.closing(code, 'Go.');
    connection.closed(0);
    assert.deepEqual(connection.state, { is: 'gone', code, text: 'Go.' });
    assert.equal(connection.deadline, null);
    assert.deepEqual(connection.doubt(5), []);
    assert.deepEqual(connection.start(5), ['open']);
  });
}

test('a person who is asked for a password has all the time the server gives', () => {
  const connection = new Connection();
  connection.start(0);
  connection.opened();
  connection.asked();
  assert.equal(connection.deadline, null);
  assert.deepEqual(connection.answered(90_000), ['hello']);
  connection.welcomed(90_001, false);
  assert.equal(connection.state.is, 'live');
});

test('whoever leaves stays away', () => {
  const connection = live();
  assert.deepEqual(connection.leave('Gone.'), ['close']);
  assert.deepEqual(connection.closed(1), []);
  assert.equal(connection.deadline, null);
});

test('why no connection came about is known a moment later, and does not outlive the wait', () => {
  const line = new Connection(() => 0);
  line.start(0);
  line.closed(10);
  line.learned('Your address has 16 connections here.');
  assert.equal(line.state.why, 'Your address has 16 connections here.');
  line.tick(line.deadline);
  line.learned('too late');
  assert.equal(line.state.is, 'connecting');
});
