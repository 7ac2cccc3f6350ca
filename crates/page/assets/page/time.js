// Moments as a reader writes them.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const DAY_MS = 86_400_000;

/** @param {number} time */
export function clock(time) {
  return clockFormat.format(time);
}

/** @param {number} time */
export function exact(time) {
  return exactFormat.format(time);
}

/** @param {number} time */
export function day(time) {
  const now = Date.now();
  if (sameDay(time, now)) return 'Today';
  if (sameDay(time, now - DAY_MS)) return 'Yesterday';
  return dayFormat.format(time);
}

/** @param {number} one @param {number} other */
export function sameDay(one, other) {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
