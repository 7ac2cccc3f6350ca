// What the page does for who is not looking at it, and for whom things that move make ill.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, Server, browser, until } from './support.js';

/** How long anything on the page takes to move or to fade. @param {Person} person @returns {Promise<string[]>} */
function movements(person) {
  return person.page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll('*')) {
      for (const part of [undefined, '::before', '::after']) {
        const style = getComputedStyle(element, part);
        const times = style.transitionProperty === 'none' ? '' : style.transitionDuration;
        const all = `${times},${style.animationName === 'none' ? '' : `${style.animationDuration},${style.animationDelay}`}`;
        if (all.split(',').some((time) => parseFloat(time) > 0)) found.push(`${element.tagName}#${element.id}.${element.className} ${all}`);
      }
    }
    return found;
  });
}

test('nothing moves for who does not want that, and everything can be reached', async (t) => {
  const server = await Server.start(t);
  const phone = { viewport: { width: 390, height: 780 } };
  const ada = await Person.at(await browser(), server.url, { ...phone, name: 'ada' });
  assert.ok((await movements(ada)).length > 0, 'for others something does');
  const bob = await Person.at(await browser(), server.url, { ...phone, reducedMotion: 'reduce', name: 'bob' });
  await bob.say('hello');
  await bob.reads('hello');
  assert.deepEqual(await movements(bob), []);
  await bob.page.locator('#show-side').click();
  await bob.page.locator('#show-settings').click();
  await bob.page.locator('#settings').waitFor();
  assert.deepEqual(await movements(bob), []);
  for (const person of [ada, bob]) await person.leaves();
});

/** Notes what is shown beside the page. */
function noteNotifications() {
  globalThis.shown = [];
  const Real = Notification;
  globalThis.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      globalThis.shown.push(`${title}: ${options.body}`);
    }
  };
}

/** @param {Person} person @param {boolean} hidden */
function hide(person, hidden) {
  return person.page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('who has asked for it is notified of a mention while not looking, and of nothing else', async (t) => {
  const server = await Server.start(t);
  const ada = await Person.at(await browser(), server.url, { name: 'ada' });
  await ada.context.grantPermissions(['notifications'], { origin: server.url });
  await ada.context.addInitScript(noteNotifications);
  await ada.page.reload();
  await ada.live();
  const bob = await server.irc(t, 'bob');
  const says = async (text) => {
    bob.say(`PRIVMSG #lobby :${text}\r`);
    await ada.reads(text);
  };
  const shown = () => ada.page.evaluate(() => globalThis.shown);

  await hide(ada, true);
  await says('ada: before you asked for it');
  await hide(ada, false);
  await ada.page.locator('#show-settings').click();
  await ada.page.locator('#notify').check();
  await ada.page.locator('#settings .main').click();
  await says('ada: while you look');
  await hide(ada, true);
  await says('a line that names nobody');
  await says('ada: are you there?');
  bob.say('PRIVMSG ada :psst\r');
  await until(async () => (await shown()).length >= 2, 'two notifications');
  assert.deepEqual(await shown(), ['bob in #lobby: ada: are you there?', 'bob: psst']);
  assert.match(await ada.page.title(), /^\(\d+\) /);
  await ada.leaves();
});
