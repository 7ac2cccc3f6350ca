// For everybody: with the keyboard alone, with a screen reader, in the dark, on a phone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Person, Server, browser, until } from './support.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds that is serious. */
async function faults(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 10, 'it has looked');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`);
}

const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  'phone, dark': { colorScheme: 'dark', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

for (const [look, options] of Object.entries(looks)) {
  test(`axe-core finds no serious fault: ${look}`, async (test) => {
    const server = await Server.start(test, '--no-throttle');
    const chromium = await browser();
    const ada = await Person.at(chromium, server.url, { name: 'ada', reducedMotion: 'reduce', ...options });
    const nc = server.nc(test);
    await nc.reads('Welcome');
    for (const name of ['bo', 'cy', 'di', 'ed', 'flo', 'gus', 'hal', 'ivy', 'jo', 'kim', 'lea', 'max', 'ned', 'ona', 'pia']) {
      nc.say(`/nick ${name}`);
      nc.say(`I am ${name}, see https://example.org/${name}`);
    }
    nc.say('ada: hello?');
    await ada.reads('ada: hello?');
    await ada.say('/who');
    await ada.say('/me listens');
    await ada.say('nothing');
    await ada.settled();
    assert.deepEqual(await faults(ada.page), [], 'the room');
    const narrow = options.isMobile;
    if (narrow) {
      for (const panel of ['side', 'members']) {
        await ada.page.locator(`#show-${panel}`).click();
        assert.deepEqual(await faults(ada.page), [], panel);
        await ada.page.keyboard.press('Escape');
      }
    }
    await ada.page.locator('#show-search').click();
    await ada.page.keyboard.type('hello');
    await ada.page.keyboard.press('Enter');
    await ada.page.locator('#search-found li').first().waitFor();
    assert.deepEqual(await faults(ada.page), [], 'the search');
    await ada.page.keyboard.press('Escape');
    await ada.page.locator('#box').fill('/');
    assert.deepEqual(await faults(ada.page), [], 'commands');
    await ada.page.locator('#box').fill('');
    await ada.page.keyboard.press('Control+k');
    await ada.page.locator('#join-list li').first().waitFor();
    assert.deepEqual(await faults(ada.page), [], 'the rooms');
    await ada.page.keyboard.press('Escape');
    if (!narrow) {
      await ada.page.locator('#show-settings').click();
      assert.deepEqual(await faults(ada.page), [], 'the settings');
      await ada.page.keyboard.press('Escape');
    }
    await server.stop();
    await ada.page.locator('#line:not([hidden])').waitFor();
    await ada.say('is anybody there?');
    assert.deepEqual(await faults(ada.page), [], 'without a line');
    await ada.leaves();
  });
}

test('the keyboard alone is enough: a name, a room, a line, a search, and back', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url);
  const { keyboard } = ada.page;
  const focused = () => ada.page.evaluate(() => document.activeElement?.id);
  const bob = await Person.at(chromium, server.url, { name: 'bob' });
  await ada.page.locator('#member-list .name', { hasText: 'bob' }).waitFor();

  await until(async () => (await focused()) === 'box', 'the box has the focus');
  // Backwards from the box to the way to a name.
  for (let step = 0; step < 40 && (await focused()) !== 'who-choose'; step++) await keyboard.press('Shift+Tab');
  assert.equal(await focused(), 'who-choose');
  await keyboard.press('Enter');
  await keyboard.type('ada');
  await keyboard.press('Enter');
  await ada.page.waitForFunction(() => document.querySelector('#me .name')?.textContent === 'ada');
  await until(async () => (await focused()) === 'box', 'the box has it back');

  await keyboard.type('b');
  await keyboard.press('Tab');
  assert.equal(await ada.page.locator('#box').inputValue(), 'bob: ');
  await keyboard.type('hello');
  await keyboard.press('Enter');
  await bob.reads('bob: hello');

  await keyboard.type('/jo');
  await keyboard.press('Tab');
  await keyboard.type('#tea');
  await keyboard.press('Enter');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#tea');
  await keyboard.press('Alt+ArrowUp');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#lobby');

  await keyboard.press('Control+k');
  await keyboard.type('tea');
  await keyboard.press('Enter');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#tea');
  await keyboard.press('Alt+ArrowDown');
  await ada.page.waitForFunction(() => document.querySelector('#room-name').textContent === '#lobby');

  await keyboard.type('/search hello');
  await keyboard.press('Enter');
  await ada.page.locator('#search-found li').first().waitFor();
  await keyboard.press('Tab');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await ada.page.locator('.row.found').waitFor();
  await keyboard.press('Escape');
  assert.equal(await focused(), 'box');

  await keyboard.press('ArrowUp');
  assert.equal(await ada.page.locator('#box').inputValue(), '/search hello');
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  assert.equal(await ada.page.locator('#box').inputValue(), '');

  // Tab goes through everything and comes back: no trap.
  const stops = new Set();
  for (let step = 0; step < 60; step++) {
    await keyboard.press('Tab');
    stops.add(await ada.page.evaluate(() => document.activeElement?.closest('[id]')?.id));
  }
  for (const id of ['box', 'scroll', 'rooms', 'show-join', 'me', 'show-settings', 'show-search', 'member-list']) {
    assert.ok(stops.has(id), `Tab comes by ${id}: ${[...stops]}`);
  }
  await ada.leaves();
  await bob.leaves();
});

test('screen readers are told of new lines, and of nothing that was there before', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  nc.say('/nick cleo');
  nc.say('old news');
  await nc.reads('cleo');
  const ada = await Person.at(chromium, server.url);
  await ada.reads('old news');
  nc.say('fresh news');
  const told = ada.page.locator('#told');
  await told.filter({ hasText: 'cleo: fresh news' }).waitFor({ state: 'attached' });
  assert.equal(await told.getAttribute('aria-live'), 'polite');
  assert.ok(!(await told.textContent()).includes('old news'));
  assert.equal(await ada.page.locator('#scroll[aria-live], #rows[aria-live]').count(), 0);
  await ada.leaves();
});

test('light and dark can be chosen, at once and for the next visit', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { colorScheme: 'light' });
  const paper = () => ada.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await ada.page.locator('#show-settings').click();
  await ada.page.getByLabel('Dark').check();
  const dark = await paper();
  assert.notEqual(dark, light);
  await ada.page.keyboard.press('Escape');
  await ada.page.reload();
  await ada.live();
  assert.equal(await paper(), dark);
  await ada.leaves();
});

test('on a phone the rooms and the people are behind buttons, and nothing is wider than the screen', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada', ...looks.phone });
  assert.ok(!(await ada.page.locator('#side').isVisible()) && !(await ada.page.locator('#members').isVisible()));
  await ada.page.locator('#show-side').tap();
  await ada.page.locator('#rooms .current .open').tap();
  assert.ok(await until(async () => !(await ada.page.locator('#side').isVisible()), 'the rooms go when one is chosen'));
  await ada.page.locator('#show-members').tap();
  await ada.page.locator('#member-list .name', { hasText: 'ada' }).waitFor();
  await ada.page.locator('#shade').tap({ position: { x: 5, y: 300 } });
  await until(async () => !(await ada.page.locator('#members').isVisible()), 'the people go');
  assert.ok(await ada.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await ada.leaves();
});

test('without script there is a way to read', async (test) => {
  const server = await Server.start(test);
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  nc.say('for those without script');
  const context = await chromium.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.waitForURL('**/read**');
  await page.getByText('for those without script').waitFor();
  await context.close();
});
