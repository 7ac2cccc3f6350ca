// The line is cut, in every way there is; nothing is lost, and nothing is there twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, Server, Wire, browser } from './support.js';

test('after a cut line the page has what was said meanwhile, and what it says then is said once', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const wire = await Wire.to(test, server);
  const ada = await Person.at(chromium, wire.url, { name: 'ada' });
  const bob = await Person.at(chromium, server.url, { name: 'bob' });
  await ada.say('one');
  await bob.reads('one');
  wire.cut();
  await ada.page.locator('#line:not([hidden])').waitFor();
  await bob.say('two');
  await bob.settled();
  await ada.say('three');
  await ada.page.locator('.line.sending').waitFor();
  wire.mend();
  await ada.live();
  await ada.settled();
  await bob.reads('three');
  assert.deepEqual(await ada.lines(), ['one', 'two', 'three']);
  assert.deepEqual(await bob.lines(), ['one', 'two', 'three']);
  assert.equal(await ada.page.locator('.row.gap').count(), 0);
  assert.equal(await ada.page.locator('#me .name').textContent(), 'ada');
  await ada.leaves();
  await bob.leaves();
});

test('what was taken and not acknowledged before the cut is not said again', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const wire = await Wire.to(test, server);
  const ada = await Person.at(chromium, wire.url, { name: 'ada' });
  const nc = server.nc(test);
  await nc.reads('Welcome');
  for (let round = 0; round < 5; round++) {
    // The server has it before the page can have heard of that.
    await ada.say(`round ${round}`);
    wire.cut();
    wire.mend();
    await ada.page.waitForFunction(() => document.body.dataset.line !== 'live');
    await ada.live();
    await ada.settled();
    await nc.reads(`round ${round}`);
  }
  await ada.say('the end');
  await nc.reads('the end');
  for (let round = 0; round < 5; round++) {
    assert.equal(nc.text.split(`round ${round}`).length, 2, nc.text);
  }
  assert.deepEqual(await ada.lines(), ['round 0', 'round 1', 'round 2', 'round 3', 'round 4', 'the end']);
  await ada.leaves();
});

test('after the server is started again there is no gap and nothing twice', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const [ada, bob] = [await Person.at(chromium, server.url, { name: 'ada' }), await Person.at(chromium, server.url, { name: 'bob' })];
  await ada.say('/join #tea');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#tea');
  await ada.page.locator('#rooms li[data-room="#lobby"] .open').click();
  await ada.say('before');
  await bob.reads('before');
  await server.restart();
  for (const person of [ada, bob]) {
    await person.page.waitForFunction(() => document.body.dataset.line === 'live' && document.querySelector('#rows .row.note'));
  }
  await bob.page.waitForFunction(() => document.querySelectorAll('#member-list .name').length === 2);
  await bob.say('after');
  await ada.reads('after');
  await bob.settled();
  for (const person of [ada, bob]) {
    assert.deepEqual(await person.lines(), ['before', 'after']);
    assert.equal(await person.page.locator('.row.gap').count(), 0);
  }
  assert.equal(await ada.page.locator('#me .name').textContent(), 'ada');
  const rooms = await ada.page.locator('#rooms li:not(.out)').evaluateAll((rows) => rows.map((row) => row.dataset.room));
  assert.deepEqual(rooms, ['#lobby', '#tea']);
  await ada.leaves();
  await bob.leaves();
});

test('more than is told at once was said meanwhile: it is all there, in order', async (test) => {
  const server = await Server.start(test, '--no-throttle', '--room-history', '2000');
  const chromium = await browser();
  const wire = await Wire.to(test, server);
  const ada = await Person.at(chromium, wire.url, { name: 'ada' });
  const nc = server.nc(test);
  await nc.reads('Welcome');
  nc.say('first');
  await ada.reads('first');
  wire.cut();
  await ada.page.locator('#line:not([hidden])').waitFor();
  for (let at = 0; at < 700; at++) nc.say(`missed ${at}`);
  nc.say('/who');
  await nc.reads('here');
  wire.mend();
  await ada.live();
  await ada.reads('missed 699');
  // A window at a time, from the end to the beginning. While lines are on their way, that is said where they
  // will stand: then all is gone through once more.
  const up = () => ada.page.locator('#scroll').evaluate((scroll) => scroll.scrollBy(0, -2000));
  let seen = new Set();
  for (let turn = 0; turn < 500 && !seen.has('first'); turn++) {
    const { lines, gap } = await ada.page.evaluate(() => ({
      lines: [...document.querySelectorAll('#rows .text')].map((text) => text.textContent),
      gap: document.querySelector('.row.gap') !== null,
    }));
    for (const line of lines) seen.add(line);
    if (seen.has('first') && gap) {
      seen = new Set();
      await ada.page.locator('#box').press('Escape');
    } else {
      await up();
    }
    await ada.page.waitForTimeout(30);
  }
  const missing = Array.from({ length: 700 }, (_, at) => `missed ${at}`).filter((line) => !seen.has(line));
  assert.deepEqual(missing, []);
  assert.equal(await ada.page.locator('.row.gap').count(), 0);
  await ada.leaves();
});

test('a conversation that goes on in another tab ends in the first, and can be taken back', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  const token = await ada.page.evaluate(() => sessionStorage.getItem('switchboard.token'));
  const other = await ada.context.newPage();
  await other.addInitScript((token) => sessionStorage.setItem('switchboard.token', token), token);
  await other.goto(server.url);
  await ada.page.waitForFunction(() => document.body.dataset.line === 'gone');
  assert.equal(await other.locator('#me .name').textContent(), 'ada');
  await ada.page.locator('#again', { hasText: 'Come back' }).click();
  await ada.live();
  await other.waitForFunction(() => document.body.dataset.line === 'gone');
  await ada.leaves();
});
