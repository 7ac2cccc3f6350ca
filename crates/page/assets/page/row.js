// One row of a room's lines.
//
// Invariant: made of an item, the one before it, and who one is; if `signature` is the same, so is the row.

import { face, h, person } from './dom.js';
import { onlyEmoji, pieces } from './text.js';
import { clock, day, exact, sameDay } from './time.js';

/** @typedef {import('./room.js').Item} Item */

/** Lines of one person within this time of each other stand under one name. */
const GROUP_MS = 6 * 60_000;
/** Names in a line of comings and goings; the others are counted. */
const NAMES = 4;

/** @param {Item} item @param {Item | undefined} before @param {boolean} fresh @param {string} me */
export function signature(item, before, fresh, me) {
  const own = item.from === me;
  return `${item.rev} ${follows(item, before)} ${newDay(item, before)} ${fresh} ${own ? '' : me} ${item.state ?? ''}`;
}

/** @param {Item} item @param {Item | undefined} before @param {boolean} fresh
 * @param {import('./main.js').App} app @returns {HTMLLIElement} */
export function row(item, before, fresh, app) {
  const node = h('li', { class: `row ${item.is}` });
  if (newDay(item, before)) node.append(h('h3', { class: 'day' }, h('span', {}, day(item.time))));
  if (fresh) node.append(h('div', { class: 'fresh' }, h('span', {}, 'New')));
  if (item.is === 'message') node.append(message(item, follows(item, before) && !fresh, app));
  else if (item.is === 'comings') node.append(h('p', { class: 'aside' }, ...comings(item)));
  else node.append(h('p', { class: 'aside', dir: 'auto' }, item.text));
  return node;
}

/** @param {Item} item @param {boolean} grouped @param {import('./main.js').App} app */
function message(item, grouped, app) {
  const from = item.from ?? '';
  const state = item.state ?? 'sent';
  const act = item.kind === 'act';
  const body = text(item, app.store.me);
  const box = h('div', { class: `line ${grouped ? 'grouped' : ''} ${state} ${item.kind ?? 'say'}` });
  if (grouped) {
    box.append(time(item, 'gutter'), body);
  } else if (act) {
    box.append(h('div', { class: 'text', dir: 'auto' }, h('span', { 'aria-hidden': 'true' }, '✳ '), person(from), ' ', ...body.childNodes, time(item, 'when')));
  } else {
    box.append(face(from), h('div', { class: 'head' }, person(from), time(item, 'when')), body);
  }
  if (state === 'sending') box.append(h('span', { class: 'state', title: 'Not acknowledged by the server yet' }, app.line.live ? 'Sending…' : 'Waits for the connection'));
  if (state === 'failed') {
    box.append(h('div', { class: 'state failed', role: 'group' },
      h('span', {}, `Not sent. ${item.why ?? ''} `),
      h('button', { type: 'button', onclick: () => app.again(item) }, 'Try again'),
      h('button', { type: 'button', onclick: () => app.forget(item) }, 'Remove')));
  }
  return box;
}

/** @param {Item} item @param {string} me */
function text(item, me) {
  const body = h('div', { class: 'text', dir: 'auto' });
  if (item.gone) {
    body.classList.add('gone');
    body.append('This line was taken back.');
    return body;
  }
  if (onlyEmoji(item.text)) body.classList.add('large');
  for (const piece of pieces(item.text, item.from === me ? undefined : me)) {
    if (piece.is === 'text') body.append(piece.text);
    else if (piece.is === 'me') body.append(h('mark', {}, piece.text));
    else body.append(h('a', { href: piece.href, title: piece.href, target: '_blank', rel: 'noopener noreferrer', dir: 'ltr' }, piece.text));
  }
  return body;
}

/** @param {Item} item @param {string} where */
function time(item, where) {
  return h('time', { class: where, datetime: new Date(item.time).toISOString(), title: exact(item.time) }, clock(item.time));
}

/** @param {Item} item @returns {(Node | string)[]} */
function comings({ joined = [], left = [] }) {
  const said = [...list(joined, 'joined')];
  if (said.length > 0 && left.length > 0) said.push(' · ');
  return [...said, ...list(left, 'left')];
}

/** @param {string[]} people @param {string} did @returns {(Node | string)[]} */
function list(people, did) {
  if (people.length === 0) return [];
  const shown = people.slice(0, people.length > NAMES ? NAMES - 1 : NAMES);
  const others = people.length - shown.length;
  const parts = shown.flatMap((name, index) => {
    const last = index === shown.length - 1 && others === 0;
    return [index === 0 ? '' : last ? ' and ' : ', ', h('bdi', {}, name)];
  });
  return [...parts, others > 0 ? ` and ${others} others ${did}` : ` ${did}`];
}

/** @param {Item} item @param {Item | undefined} before */
function follows(item, before) {
  return item.is === 'message' && before?.is === 'message' && item.from === before.from
    && item.kind !== 'act' && before.kind !== 'act' && item.kind === before.kind
    && item.time - before.time < GROUP_MS && !newDay(item, before);
}

/** @param {Item} item @param {Item | undefined} before */
function newDay(item, before) {
  return before === undefined || !sameDay(item.time, before.time);
}
