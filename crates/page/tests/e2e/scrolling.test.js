// Ten thousand lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, Server, browser, until } from './support.js';

const LINES = 10_000;

/** Goes through all lines with the wheel, towards one end; says which were seen, and how smooth it was. */
function scroll(person, by, done) {
  return person.page.evaluate(async ({ by, done }) => {
    const box = document.getElementById('scroll');
    const seen = new Set();
    const frames = [];
    const long = [];
    const watch = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => Math.round(entry.duration))));
    watch.observe({ type: 'longtask' });
    let last = performance.now();
    let rows = 0;
    let jumps = 0;
    for (let turn = 0; turn < 6_000; turn++) {
      const anchor = [...document.querySelectorAll('#rows .row')].find((row) => row.getBoundingClientRect().top > 200);
      const before = anchor?.getBoundingClientRect().top;
      const from = box.scrollTop;
      box.scrollTop += by;
      const moved = box.scrollTop - from;
      await new Promise((go) => requestAnimationFrame(go));
      const now = performance.now();
      frames.push(now - last);
      last = now;
      // What was before one's eyes moves as far as one has scrolled, and no further.
      if (anchor?.isConnected && Math.abs(before - moved - anchor.getBoundingClientRect().top) > 2) jumps++;
      const texts = [...document.querySelectorAll('#rows .text')];
      rows = Math.max(rows, texts.length);
      for (const text of texts) seen.add(text.textContent);
      if (seen.has(done) && (box.scrollTop === 0 || box.scrollTop + box.clientHeight + 2 >= box.scrollHeight)) break;
      if (box.scrollTop === from) await new Promise((go) => setTimeout(go, 20));
    }
    watch.disconnect();
    frames.sort((a, b) => a - b);
    return { seen: seen.size, rows, jumps, frames: frames.length, median: frames[frames.length >> 1], worst: frames.at(-1), long };
  }, { by, done });
}

test('ten thousand lines are gone through to the first and back, with few rows in the document', async (test) => {
  const server = await Server.start(test, '--no-throttle', '--room-history', String(LINES), '--history-room-bytes', '8M');
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  for (let at = 0; at < LINES; at++) nc.say(`line ${at} ${'and so on '.repeat(at % 17)}`.trimEnd());
  nc.say('/who');
  await nc.reads('here');
  const ada = await Person.at(chromium, server.url);
  await ada.reads(`line ${LINES - 1}`);
  for (const [way, by, done] of [['up', -240, 'line 0'], ['down', 240, `line ${LINES - 1} ${'and so on '.repeat((LINES - 1) % 17)}`.trimEnd()]]) {
    const found = await scroll(ada, by, done);
    test.diagnostic(`${way}: ${JSON.stringify(found)}`);
    assert.equal(found.seen, LINES, 'every line was seen');
    assert.ok(found.rows < 500, `${found.rows} rows in the document`);
    assert.equal(found.jumps, 0, 'nothing jumped');
  }
  await ada.leaves();
});

test('ten thousand lines that come while one looks leave a bounded document, and the end in view', async (test) => {
  const server = await Server.start(test, '--no-throttle');
  const chromium = await browser();
  const ada = await Person.at(chromium, server.url, { name: 'ada' });
  const nc = server.nc(test);
  await nc.reads('Welcome');
  for (let at = 0; at < LINES; at++) nc.say(`line ${at}`);
  await ada.reads(`line ${LINES - 1}`);
  const { rows, end } = await ada.page.evaluate(() => {
    const box = document.getElementById('scroll');
    return { rows: document.querySelectorAll('#rows .row').length, end: box.scrollHeight - box.clientHeight - box.scrollTop };
  });
  assert.ok(rows < 500 && end < 3, `${rows} rows, ${end} from the end`);
  // Somebody who reads earlier lines is left where they are.
  await ada.page.locator('#scroll').evaluate((box) => box.scrollBy(0, -3000));
  await until(() => ada.page.locator('#jump:not([hidden])').count(), 'a way to the end');
  const place = () => ada.page.evaluate(() => {
    const row = [...document.querySelectorAll('#rows .row')].find((row) => row.getBoundingClientRect().top > 200);
    return `${row.textContent} ${Math.round(row.getBoundingClientRect().top)}`;
  });
  const before = await place();
  nc.say('one more');
  await ada.page.locator('#jump', { hasText: '1 new' }).waitFor();
  assert.equal(await place(), before);
  await ada.page.locator('#jump').click();
  await ada.reads('one more');
  await ada.leaves();
});
