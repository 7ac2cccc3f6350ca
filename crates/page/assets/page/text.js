// What somebody wrote, as pieces that can be shown: text, links, names.
//
// Invariant: pieces are strings, to become text nodes; nothing here or behind it makes HTML of them.

/** @typedef {{is: 'text' | 'link' | 'me', text: string, href?: string}} Piece */

// IRC's marks for colour and weight, then every other control character but tab and line end.
const MARKS = /\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?|[\0-\x08\x0b-\x1f\x7f-\x9f]/gi;

// A link ends at white space, at quotes, and at what turns the direction of text or is not seen: it
// could show another address than it leads to.
const LINK = /\bhttps?:\/\/[^\s<>"\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gi;

/** @param {string} text */
export function clean(text) {
  return text.replace(MARKS, '');
}

/** @param {string} text @param {string} [me] the reader's name @returns {Piece[]} */
export function pieces(text, me) {
  /** @type {Piece[]} */
  const found = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const link = withoutTrail(match[0]);
    const href = address(link);
    if (!href) continue;
    plain(found, text.slice(at, match.index), me);
    found.push({ is: 'link', text: link, href });
    at = match.index + link.length;
  }
  plain(found, text.slice(at), me);
  return found;
}

/** Is the reader named in it, as a word? @param {string} text @param {string} me */
export function names(text, me) {
  return me !== '' && nameIn(me).test(text);
}

/** Nothing but one to three emoji. @param {string} text */
export function onlyEmoji(text) {
  return text.length <= 48 && EMOJI.test(text) && [...new Intl.Segmenter().segment(text.replace(/\s/g, ''))].length <= 3;
}

/** @param {Piece[]} found @param {string} text @param {string} [me] */
function plain(found, text, me) {
  if (text === '') return;
  const parts = me ? text.split(nameIn(me)) : [text];
  for (const part of parts) {
    if (part === '') continue;
    const is = me && part.toLowerCase() === me.toLowerCase() ? 'me' : 'text';
    found.push({ is, text: part });
  }
}

// Punctuation behind a link belongs to the sentence, and so does a bracket that was not opened in it. The
// brackets are counted once, so that however many there are it takes one walk over the link and one back.
/** @param {string} link */
function withoutTrail(link) {
  /** How many more are opened than closed, by what opens them. @type {Record<string, number>} */
  const open = { '(': 0, '[': 0, '{': 0 };
  for (const char of link) {
    if (char in open) open[char] += 1;
    else if (CLOSES[char]) open[CLOSES[char]] -= 1;
  }
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link[end - 1];
    const opens = CLOSES[last];
    if (opens ? open[opens] >= 0 : !TRAIL.test(last)) break;
    if (opens) open[opens] += 1;
  }
  return link.slice(0, end);
}

/** What closes what. @type {Record<string, string | undefined>} */
const CLOSES = { ')': '(', ']': '[', '}': '{' };

const TRAIL = /[.,;:!?'*_~’”»…]/;

/** @param {string} link @returns {string | null} */
function address(link) {
  try {
    const url = new URL(link);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

let named = { me: '', pattern: /(?!)/ };

/** @param {string} me */
function nameIn(me) {
  if (named.me !== me) {
    const word = me.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    named = { me, pattern: new RegExp(`(?<![\\p{L}\\p{N}_-])(${word})(?![\\p{L}\\p{N}_-])`, 'iu') };
  }
  return named.pattern;
}

const EMOJI = /^[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\u200d\ufe0f\s]+$/u;
