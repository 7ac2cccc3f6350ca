// What becomes of what somebody wrote.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../assets/page/completion.js';
import { clean, names, onlyEmoji, pieces } from '../../assets/page/text.js';

/** The links in a text. */
function links(text) {
  return pieces(text).filter((piece) => piece.is === 'link').map((piece) => piece.text);
}

test('links are found, without the punctuation behind them', () => {
  for (const [text, ...found] of [
    ['see https://a.example/x.', 'https://a.example/x'],
    ['(https://a.example/x)', 'https://a.example/x'],
    ['https://a.example/x_(y) and https://b.example', 'https://a.example/x_(y)', 'https://b.example'],
    ['“https://a.example/?q=1,2!”', 'https://a.example/?q=1,2'],
    ['HTTP://A.EXAMPLE/', 'HTTP://A.EXAMPLE/'],
    ['https://a.example/\u202egpj.exe', 'https://a.example/'],
    ['<https://a.example/>', 'https://a.example/'],
    ['https://a.example/(b).)!]', 'https://a.example/(b)'],
    ['https://a.example/b)(', 'https://a.example/b)('],
    ['https://a.example/[{(b)}]}', 'https://a.example/[{(b)}]'],
    ['https://a.example/x…’', 'https://a.example/x'],
  ]) {
    assert.deepEqual(links(text), found, text);
  }
});

// What took a look at the whole link for each character of its trail would not come back from this.
test('what is cut off behind a link may be as long as one likes', () => {
  for (const trail of [')', '.', ').', ']})', '_', '([)]']) {
    const text = `https://a.example/${trail.repeat(200_000)}!`;
    const [link] = links(text);
    assert.ok(text.startsWith(link) && !link.endsWith('!'), trail);
    if (trail !== '([)]') assert.equal(link, 'https://a.example/', trail);
    assert.equal(links(`${text} `.repeat(3)).length, 3);
  }
});

test('nothing else is a link', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example', 'https://', 'http://[', 'xhttps://a.example', 'file:///etc/passwd']) {
    assert.deepEqual(links(text), [], text);
  }
});

test('pieces put together are the text', () => {
  for (const text of ['ada: see https://a.example/, ADA!', '<script>alert(1)</script>', 'ada', '', 'no', 'adaada ada']) {
    assert.equal(pieces(text, 'ada').map((piece) => piece.text).join(''), text);
  }
});

test('one’s name is found as a word, and only as a word', () => {
  for (const text of ['ada', 'ADA: hi', 'hi, ada!', '(ada)', '@ada']) assert.ok(names(text, 'ada'), text);
  for (const text of ['adamant', 'ada-2', 'lada', 'ada_', 'a da']) assert.ok(!names(text, 'ada'), text);
  assert.ok(names('hi a.*b', 'a.*b') && !names('hi axxb', 'a.*b'));
  assert.ok(names('guest-2, hi', 'guest-2') && names('привет, Аня', 'аня'));
  assert.ok(!names('anything', ''));
});

test('control characters and IRC’s colours are taken out, lines are kept', () => {
  assert.equal(clean('\x02bold\x0f \x0304,12red\x03 \x1b[31mansi\x07 a\tb\nc\0'), 'bold red [31mansi a\tb\nc');
});

test('emoji alone are shown large, and nothing else is', () => {
  for (const text of ['👍', '👩‍👩‍👧‍👦', '🇩🇪 🇫🇷', '🎉🎉🎉']) assert.ok(onlyEmoji(text), text);
  for (const text of ['', 'a', '👍 yes', '🎉🎉🎉🎉', '1', '#']) assert.ok(!onlyEmoji(text), text);
});

const known = { commands: ['/topic', '/join', '/nick'], names: ['Cleo', 'claude', 'bob'], rooms: ['#tea'] };

/** What is offered for a text whose cursor stands at its end. */
function offered(text, why = 'asked') {
  return complete(text, text.length, known, why)?.choices ?? [];
}

test('commands complete where they stand first, names where they are asked for', () => {
  assert.deepEqual(offered('/t', 'offered'), ['/topic ']);
  assert.deepEqual(offered('say /t'), []);
  assert.deepEqual(offered('//t'), []);
  assert.deepEqual(offered('cl'), ['claude: ', 'Cleo: ']);
  assert.deepEqual(offered('hi CL'), ['claude ', 'Cleo ']);
  assert.deepEqual(offered('hi cl', 'offered'), []);
  assert.deepEqual(offered('hi @b', 'offered'), ['bob ']);
  assert.deepEqual(offered('see #t', 'offered'), ['#tea ']);
  assert.deepEqual(offered(''), []);
  assert.deepEqual(offered('hi '), []);
});
