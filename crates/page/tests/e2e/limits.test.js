// Many behind one address: a class, an office, a household.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, Server, Wire, browser } from './support.js';

const CLASS = '198.51.100.7';

test('a class behind one address gets the page, and who is one too many is told and comes in later', async (t) => {
  const server = await Server.start(t, '--trust-proxy', '127.0.0.1', '--address-connections', '3', '--address-visitors', '7');
  const wire = await Wire.to(t, server, CLASS);
  const people = [];
  for (const name of ['ada', 'bob', 'cleo']) people.push(await Person.at(await browser(), wire.url, { name }));
  const dan = new Person();
  dan.context = await (await browser()).newContext();
  dan.page = await dan.context.newPage();
  await dan.page.goto(wire.url);
  await dan.page.locator('#line-text').filter({ hasText: 'Your address has 3 connections here' }).waitFor();
  assert.match(await dan.page.locator('#line-text').textContent(), /Connecting again/);
  await people[0].leaves();
  await dan.live();
  await people[1].say('there you are');
  await dan.reads('there you are');
  for (const person of [people[1], people[2], dan]) await person.leaves();
});

test('a page of which a file does not come says so and is loaded again', async (t) => {
  const server = await Server.start(t);
  const ada = new Person();
  ada.context = await (await browser()).newContext();
  ada.page = await ada.context.newPage();
  let refused = 0;
  await ada.page.route('**/room.js', (route) => (refused++ ? route.continue() : route.fulfill({ status: 429, body: 'not now' })));
  await ada.page.goto(server.url, { waitUntil: 'domcontentloaded' });
  await ada.page.locator('#broken').filter({ hasText: 'tried again' }).waitFor();
  await ada.live();
  assert.equal(refused, 2);
  await ada.leaves();
});
