// Two pages, one nc and one IRC client, in one room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, Server, browser, until } from './support.js';

test('two pages, nc and an IRC client talk with each other', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  const bob = await Person.at(chromium, server.url, { name: 'bob' });
  const nc = server.nc(test);
  await nc.reads('Welcome');
  nc.say('/nick cleo');
  const irc = await server.irc(test, 'dov');

  await ada.say('hello from a page');
  await bob.reads('hello from a page');
  await nc.reads('<ada> hello from a page');
  await irc.reads(':ada!');
  await irc.reads('PRIVMSG #lobby :hello from a page');
  nc.say('hello from nc');
  irc.say('PRIVMSG #lobby :hello from IRC\r');
  irc.say('PRIVMSG #lobby :\x01ACTION waves\x01\r');
  for (const person of [ada, bob]) {
    await person.reads('hello from nc');
    await person.reads('hello from IRC');
    await person.reads('dov waves');
  }
  await bob.say('/me waves back');
  await nc.reads('* bob waves back');
  await ada.reads('bob waves back');
  await bob.settled();
  const [hers, his] = [await ada.lines(), await bob.lines()];
  assert.deepEqual([...hers].sort(), [...his].sort(), 'both have read the same');
  assert.equal(new Set(hers).size, hers.length, 'and nothing twice');

  const members = await ada.page.locator('#member-list .name').allTextContents();
  assert.deepEqual(members.sort(), ['ada', 'bob', 'cleo', 'dov']);
  await ada.leaves();
  await bob.page.waitForFunction(() => document.querySelectorAll('#member-list .name').length === 3);
  await bob.leaves();
});

test('several lines are one message, and a line of commands is not said', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  const nc = server.nc(test);
  await nc.reads('Welcome');
  await ada.page.locator('#box').fill('one');
  await ada.page.keyboard.press('Shift+Enter');
  await ada.page.keyboard.type('two');
  await ada.page.keyboard.press('Enter');
  await nc.reads('one');
  await nc.reads('two');
  assert.equal(await ada.page.locator('#rows .line').count(), 1);
  await ada.say('/join #tea');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#tea');
  await ada.say('/topic tea and toast');
  await ada.page.waitForFunction(() => document.querySelector('#topic').textContent === 'tea and toast');
  nc.say('/join #tea');
  await ada.page.locator('#member-list .name', { hasText: 'guest' }).waitFor();
  await ada.say('//not a command');
  await nc.reads('<ada> /not a command');
  await ada.say('/nonsense');
  await ada.reads('nonsense');
  assert.ok(!nc.text.includes('nonsense'));
  await ada.leaves();
});

test('private lines go to one person', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  const bob = await Person.at(chromium, server.url, { name: 'bob' });
  const nc = server.nc(test);
  await nc.reads('Welcome');
  await ada.say('/msg bob between us');
  await bob.page.locator('#rooms li', { hasText: 'ada' }).locator('.badge').waitFor();
  await bob.page.locator('#rooms li', { hasText: 'ada' }).locator('.open').click();
  await bob.reads('between us');
  await bob.say('yes');
  await ada.reads('yes');
  assert.deepEqual(await ada.lines(), ['between us', 'yes']);
  assert.ok(!nc.text.includes('between us'));
  await ada.leaves();
  await bob.leaves();
});

test('rooms: a link leads into one, unread lines are counted, a name that is said is marked', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, `${server.url}#tea`, { name: 'ada' });
  assert.equal(await ada.page.locator('#room-name').textContent(), '#tea');
  await ada.say('/join #lobby');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#lobby' && location.hash === '#lobby');
  const bob = await Person.at(chromium, `${server.url}#tea`, { name: 'bob' });
  await bob.say('kettle is on');
  await bob.say('ada: with milk?');
  const row = ada.page.locator('#rooms li[data-room="#tea"]');
  await row.locator('.badge.mention', { hasText: '2' }).waitFor();
  await until(async () => (await ada.page.title()).startsWith('(1) '), 'a title that counts');
  assert.match(await ada.page.locator('#icon').getAttribute('href'), /^data:image\/svg/);
  await row.locator('.open').click();
  await ada.reads('with milk?');
  assert.equal(await ada.page.locator('#rows mark').textContent(), 'ada');
  await ada.page.locator('#rows .fresh').waitFor();
  assert.equal(await ada.page.locator('#rooms .badge').count(), 0);
  await until(async () => (await ada.page.title()) === '#tea · Switchboard', 'a title that does not');
  await ada.leaves();
  await bob.leaves();
});

test('a name is remembered, drafts stay with their room, and a page that is loaded again goes on', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  await ada.say('/join #tea');
  // What is shown follows a click with the next frame.
  const writesTo = (room) => ada.page.waitForFunction((text) => document.querySelector('#box').placeholder === text, `Write to ${room}`);
  await writesTo('#tea');
  await ada.page.locator('#box').fill('half a thought');
  await ada.page.locator('#rooms li[data-room="#lobby"] .open').click();
  await writesTo('#lobby');
  assert.equal(await ada.page.locator('#box').inputValue(), '');
  await ada.say('before');
  await ada.settled();
  await ada.page.reload();
  await ada.live();
  await ada.reads('before');
  assert.equal(await ada.page.locator('#me .name').textContent(), 'ada');
  await ada.say('after');
  await ada.settled();
  assert.deepEqual(await ada.lines(), ['before', 'after']);
  await ada.page.locator('#rooms li[data-room="#tea"] .open').click();
  await writesTo('#tea');
  assert.equal(await ada.page.locator('#box').inputValue(), 'half a thought');
  await ada.leaves();
});

test('what is refused says so, and can be tried again', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  nc.say('/join #quiet');
  nc.say('/mode +m');
  await nc.reads('+m now');
  await ada.say('/join #quiet');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#quiet');
  await ada.say('may I?');
  await ada.page.locator('.state.failed').waitFor();
  nc.say('/mode +v ada');
  await ada.page.locator('#member-list .rank').filter({ hasText: '+' }).waitFor();
  await ada.page.locator('.state.failed button', { hasText: 'Try again' }).click();
  await nc.reads('<ada> may I?');
  await ada.settled();
  assert.equal(await ada.page.locator('.state.failed').count(), 0);
  await ada.leaves();
});

test('what was said before is found, and shown where it was said', async (test) => {
  const server = await Server.start(test, '--no-throttle', '--room-history', '1000');
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  for (let at = 0; at < 500; at++) nc.say(at === 40 ? 'the kettle boils' : `line ${at}`);
  nc.say('/who');
  await nc.reads('here');
  const ada = await Person.at(chromium, server.url);
  await ada.reads('line 499');
  await ada.page.locator('#show-search').click();
  await ada.page.keyboard.type('KETTLE');
  await ada.page.keyboard.press('Enter');
  await ada.page.locator('#search-found button', { hasText: 'the kettle boils' }).click();
  await ada.page.locator('.row.found', { hasText: 'the kettle boils' }).waitFor();
  await ada.leaves();
});

test('many pasted lines are asked about', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  const paste = (text) => ada.page.locator('#box').evaluate((box, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
  const many = Array.from({ length: 20 }, (_, at) => `line ${at}`).join('\n');
  await paste(many);
  await ada.page.locator('#paste[open]').waitFor();
  assert.equal(await ada.page.locator('#paste-title').textContent(), 'Paste 20 lines?');
  await ada.page.keyboard.press('Escape');
  assert.equal(await ada.page.locator('#box').inputValue(), '');
  await paste(many);
  await ada.page.locator('#paste button', { hasText: /^Paste$/ }).click();
  assert.equal(await ada.page.locator('#box').inputValue(), many);
  await ada.page.keyboard.press('Enter');
  await ada.settled();
  assert.deepEqual(await ada.lines(), [many]);
  await ada.leaves();
});

test('on plain http the page says that it is not encrypted, unless the server is on this machine', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const near = await Person.at(chromium, server.url);
  assert.ok(!(await near.page.locator('#plain').isVisible()));
  const far = await Person.at(chromium, server.url.replace('127.0.0.1', 'chat.example'));
  assert.ok(await far.page.locator('#plain', { hasText: 'Not encrypted' }).isVisible());
  await far.page.locator('#plain-close').click();
  assert.ok(!(await far.page.locator('#plain').isVisible()));
  await near.leaves();
  await far.leaves();
});
