// What the word before the cursor may become: a command, a name, a room.
//
// Invariant: pure; the composer shows it.

/** @typedef {{from: number, to: number, choices: string[]}} Completion */

/** The most that is offered. */
const MOST = 8;

/** @param {string} text @param {number} cursor
 * @param {{commands: string[], names: string[], rooms: string[]}} known
 * @param {'asked' | 'offered'} why asked for by a key, names complete without an @ before them
 * @returns {Completion | null} */
export function complete(text, cursor, known, why) {
  const head = text.slice(0, cursor);
  const word = /\S*$/.exec(head)?.[0] ?? '';
  const from = cursor - word.length;
  /** @type {string[]} */
  let choices = [];
  if (from === 0 && /^\/[^/]*$/.test(word)) {
    choices = starting(known.commands, word).map((command) => `${command} `);
  } else if (word.startsWith('#')) {
    choices = starting(known.rooms, word).map((room) => `${room} `);
  } else if (word.startsWith('@')) {
    choices = starting(known.names, word.slice(1)).map((name) => name + behind(from));
  } else if (why === 'asked' && word !== '') {
    choices = starting(known.names, word).map((name) => name + behind(from));
  }
  choices = choices.slice(0, MOST);
  // What is there already is no offer.
  if (choices.length === 0 || (choices.length === 1 && choices[0].trimEnd() === word)) return null;
  return { from, to: cursor, choices };
}

// Who begins with a name speaks to somebody.
/** @param {number} from */
function behind(from) {
  return from === 0 ? ': ' : ' ';
}

/** @param {string[]} all @param {string} word */
function starting(all, word) {
  const low = word.toLowerCase();
  return all.filter((one) => one.toLowerCase().startsWith(low)).sort((a, b) => a.localeCompare(b));
}
