// What the browser keeps for the page: the name, the rooms, drafts, choices; for this tab, the token.
//
// Invariant: a browser that keeps nothing, or has no room left, is no failure.

/** Drafts kept. Met: the oldest goes. */
const DRAFTS = 20;

/** @param {'localStorage' | 'sessionStorage'} name */
function shelf(name) {
  /** @type {Map<string, string>} */
  const instead = new Map();
  return {
    /** @param {string} key @returns {any} */
    get(key) {
      try {
        return JSON.parse(globalThis[name].getItem(`switchboard.${key}`) ?? 'null');
      } catch {
        return JSON.parse(instead.get(key) ?? 'null');
      }
    },
    /** @param {string} key @param {unknown} value */
    set(key, value) {
      const text = JSON.stringify(value ?? null);
      try {
        globalThis[name].setItem(`switchboard.${key}`, text);
      } catch {
        instead.set(key, text);
      }
    },
  };
}

/** For every visit. */
export const kept = shelf('localStorage');
/** For this tab. */
export const here = shelf('sessionStorage');

/** @param {string} room @returns {string} */
export function draft(room) {
  return new Map(kept.get('drafts') ?? []).get(room) ?? '';
}

/** @param {string} room @param {string} text */
export function setDraft(room, text) {
  const drafts = new Map(kept.get('drafts') ?? []);
  drafts.delete(room);
  if (text !== '') drafts.set(room, text);
  kept.set('drafts', [...drafts].slice(-DRAFTS));
}

// The token belongs to one tab: two with the same one would push each other out. A tab that closes leaves
// it to the next one that opens, so whoever closes the page and comes back is who they were.

/** @returns {string} */
export function takeToken() {
  const left = kept.get('left');
  const mine = here.get('token') ?? (left && Date.now() - left.time < 600_000 ? left.token : '');
  if (left?.token === mine) kept.set('left', null);
  return mine ?? '';
}

/** @param {string} token */
export function leaveToken(token) {
  here.set('token', token);
  if (token) kept.set('left', { token, time: Date.now() });
}
