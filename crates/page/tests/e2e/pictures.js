// Takes the pictures in docs/: the page in the light, in the dark and on a phone.
//
//     cargo build && node crates/page/tests/e2e/pictures.js
//
// Not a test: the pictures differ with the fonts of the machine. It is written as one all the
// same, because what the tests are written with ends what it has started.

import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Person, Server, browser } from './support.js';

const docs = fileURLToPath(new URL('../../../../docs/', import.meta.url));

const SAID = [
  ['cleo', 'Morning. The nightly build is green again.'],
  ['cleo', 'Two tests were slow, so I wrote down why: https://example.org/notes/slow-tests'],
  ['dov', 'Thank you! I was about to look.'],
  ['emil', 'Which engine was it?'],
  ['cleo', 'poll. With a thousand idle connections it has a thousand things to look at.\nepoll does not care.'],
  ['emil', 'Makes sense.'],
  ['dov', '/me puts the kettle on'],
  ['noor', 'صباح الخير! هل هناك شاي لي أيضا؟'],
  ['dov', 'Always.'],
  ['emil', 'ada: shall we release at noon?'],
];

const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1100, height: 680 } },
  dark: { colorScheme: 'dark', viewport: { width: 1100, height: 680 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 680 }, isMobile: true, hasTouch: true },
};

test('pictures', async (test) => {
  const server = await Server.start(test, '--no-throttle');
  const chromium = await browser();
  const people = new Map();
  for (const name of ['cleo', 'dov', 'emil', 'noor']) {
    const nc = server.nc(test);
    await nc.reads('Welcome');
    nc.say(`/nick ${name}`);
    await nc.reads(`You are ${name} now`);
    people.set(name, nc);
  }
  for (const nc of people.values()) {
    nc.say('/join #release');
    await nc.reads('You are in #release now');
  }
  people.get('cleo').say('/topic What is in the next version: https://example.org/next');
  const ada = await Person.at(chromium, server.url, { ...LOOKS.light, name: 'ada' });
  for (const room of ['#kettle', '#release']) {
    await ada.say(`/join ${room}`);
    await ada.page.waitForFunction((room) => document.querySelector('#room-name').textContent === room, room);
  }
  people.get('noor').say('/msg #lobby Good morning, all of you.');
  people.get('emil').say('/msg ada Have you seen the list?');
  for (const [name, text] of SAID) {
    for (const line of text.split('\n')) people.get(name).say(line);
    await ada.reads(text.split('\n').at(-1).replace('/me ', ''));
  }
  people.get('dov').say('/away back at noon');
  await ada.say('Yes. I have read it twice, and so has Cleo.');
  await ada.page.waitForTimeout(300);
  people.get('dov').say('Then I bring the tea at noon.');
  await ada.reads('at noon.');
  for (const [look, { colorScheme, viewport }] of Object.entries(LOOKS)) {
    await ada.page.emulateMedia({ colorScheme });
    await ada.page.setViewportSize(viewport);
    await ada.page.waitForTimeout(500);
    await ada.page.screenshot({ path: `${docs}page-${look}.png` });
  }
});
