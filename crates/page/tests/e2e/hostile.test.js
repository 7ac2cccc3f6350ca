// What others write is text, whatever it is, and stays in its box.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, Server, browser } from './support.js';

const HOSTILE = [
  '<script>document.title="owned"</script>',
  '<img src=x onerror=alert(1)><b>bold</b>&lt;i&gt;',
  '"><svg onload=alert(1)>',
  'javascript:alert(1) data:text/html,<script>alert(1)</script>',
  '[link](javascript:alert(1)) {{constructor.constructor("alert(1)")()}} ${alert(1)}',
  'abc \u202e\u2066 fdp.exe \u202d\u2067 mirrored',
  'مرحبا (hello) שלום 123',
  '\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u0003' + '04,12colour',
  'x'.repeat(3900),
  'https://a.example/' + 'y'.repeat(3000),
  'Z' + '\u0335\u0322\u0341\u0301\u0358'.repeat(150),
  '👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪'.repeat(60),
  '\ufdfd'.repeat(100),
  '\u200b\u200c\u200d\u2060\ufeff',
  '\ud83d alone',
  'a\u00ad'.repeat(500),
  'ﷺ'.repeat(300) + ' ' + '𒐫'.repeat(100),
  'https://good.example\u202e/moc.live',
  '`'.repeat(500) + '<!--' + '-'.repeat(200),
];

test('hostile text is shown as text, runs nothing, and breaks no layout', async (test) => {
  const server = await Server.start(test, '--no-throttle');
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  const eve = await Person.at(chromium, server.url, { name: 'eve' });
  for (const viewport of [{ width: 1180, height: 720 }, { width: 360, height: 640 }]) {
    const ada = await Person.at(chromium, server.url, { viewport });
    let alerts = 0;
    ada.page.on('dialog', (dialog) => {
      alerts++;
      dialog.dismiss();
    });
    for (const [at, text] of HOSTILE.entries()) {
      nc.say(`${text} ${viewport.width}-nc-${at}`);
      await eve.say(`${text} ${viewport.width}-web-${at}`);
      await ada.reads(`${viewport.width}-nc-${at}`);
      await ada.reads(`${viewport.width}-web-${at}`);
      const faults = await ada.page.evaluate(() => {
        const found = [];
        const wide = document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth;
        if (wide) found.push('the page is wider than the window');
        const scroll = document.getElementById('scroll');
        if (scroll.scrollWidth > scroll.clientWidth) found.push('the lines are wider than their box');
        const box = scroll.getBoundingClientRect();
        for (const row of document.querySelectorAll('#rows .row')) {
          const { left, right } = row.getBoundingClientRect();
          if (left < box.left - 1 || right > box.right + 1) found.push(`a row stands out: ${row.textContent.slice(0, 60)}`);
          if (getComputedStyle(row).contain !== 'content') found.push('a row is not contained');
        }
        const strange = document.querySelectorAll('#rows :is(script, img, svg:not(.i), b, i, iframe, style, link, object)');
        if (strange.length > 0) found.push(`an element came about: ${strange[0].outerHTML}`);
        for (const link of document.querySelectorAll('#rows a')) {
          if (!/^https?:/.test(link.href)) found.push(`a link to ${link.href}`);
          if (link.rel !== 'noopener noreferrer' || link.target !== '_blank') found.push('a link that tells');
        }
        return found;
      });
      assert.deepEqual(faults, [], `${text.slice(0, 80)}`);
    }
    assert.equal(alerts, 0);
    assert.doesNotMatch(await ada.page.title(), /owned/);
    const shown = await ada.page.locator('#rows .text', { hasText: `${viewport.width}-nc-0` }).textContent();
    assert.ok(shown.includes('<script>document.title="owned"</script>'), shown);
    await ada.leaves();
  }
  await eve.leaves();
});

test('one line’s direction turns no other line’s, nor its author’s name', async (test) => {
  const server = await Server.start(test, '--no-throttle');
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  const ada = await Person.at(chromium, server.url);
  nc.say('\u202e\u202e\u202e turned');
  nc.say('plain words');
  await ada.reads('plain words');
  const { direction, isolated } = await ada.page.locator('#rows .text', { hasText: 'plain words' }).evaluate((text) => ({
    direction: getComputedStyle(text).direction,
    isolated: [...document.querySelectorAll('#rows .name')].every((name) => name.tagName === 'BDI'),
  }));
  assert.equal(direction, 'ltr');
  assert.ok(isolated);
  await ada.leaves();
});

test('a hostile topic and a hostile room are text, too', async (test) => {
  const server = await Server.start(test, '--no-throttle');
  const chromium = await browser();
  const nc = server.nc(test);
  await nc.reads('Welcome');
  nc.say('/join #<b>x</b>');
  nc.say(`/topic <img src=x onerror=alert(1)> ${'w'.repeat(250)}`);
  await nc.reads('wwww');
  const ada = await Person.at(chromium, `${server.url}#${encodeURIComponent('<b>x</b>')}`);
  await ada.page.waitForFunction(() => document.querySelector('#topic').textContent.startsWith('<img'));
  assert.equal(await ada.page.locator('#room-name').textContent(), '#<b>x</b>');
  const wide = await ada.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.ok(!wide);
  await ada.leaves();
});
