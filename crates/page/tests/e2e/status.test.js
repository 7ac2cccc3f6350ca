// The operator's page: it shows what is, says when it cannot, and is readable in any light.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { PATIENCE, Server, browser } from './support.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The page at a server, and whatever went wrong on it. */
async function status(chromium, server, options = {}) {
  const page = await chromium.newPage(options);
  page.setDefaultTimeout(PATIENCE);
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  await page.goto(`${server.url}status`);
  return { page, wrong };
}

/** The figure of a row in the table, for all loops together. */
const figure = (page, name) =>
  page.locator('tr', { has: page.getByRole('rowheader', { name, exact: true }) }).locator('td').first();

test('it shows who is there and what is said, and goes on doing so', async (test) => {
  const server = await Server.start(test, '--no-throttle', '--loops', '2');
  const nc = server.nc(test);
  await nc.reads('Welcome');
  await server.irc(test, 'bob');
  const chromium = await browser();
  const { page, wrong } = await status(chromium, server);
  await page.getByText('Live.').waitFor();
  await figure(page, 'speaking: plain').filter({ hasText: /^1$/ }).waitFor();
  await figure(page, 'speaking: irc').filter({ hasText: /^1$/ }).waitFor();
  const talk = setInterval(() => nc.say('hello\nhello\nhello'), 100);
  test.after(() => clearInterval(talk));
  await figure(page, 'lines out, per second').filter({ hasText: /[1-9]/ }).waitFor();
  await figure(page, 'median turn').filter({ hasText: /[1-9].*s$/ }).waitFor();
  assert.deepEqual(await page.locator('thead th').allTextContents(), ['all', 'loop 0', 'loop 1']);
  assert.equal(await page.locator('figure').count(), 6);
  assert.ok((await page.locator('svg.chart .line').count()) > 10, 'there are lines in the charts');
  assert.deepEqual(wrong, []);
});

test('it says when there is nobody to ask, and goes on with a server that comes back', async (test) => {
  const server = await Server.start(test);
  const { page } = await status(await browser(), server);
  await page.getByText('Live.').waitFor();
  await server.stop();
  await page.getByText(/^No figures since /).waitFor();
  await server.run(server.port);
  await page.getByText('Live.').waitFor();
});

const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

for (const [look, options] of Object.entries(looks)) {
  test(`axe-core finds no fault, and nothing is wider than the screen: ${look}`, async (test) => {
    const server = await Server.start(test, '--loops', '3');
    const { page } = await status(await browser(), server, options);
    await page.getByText('Live.').waitFor();
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
    assert.ok(passes.length > 10, 'it has looked');
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits');
  });
}
