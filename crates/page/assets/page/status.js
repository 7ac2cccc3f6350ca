// The status page: asks the server once a second how it does, and draws the last five minutes.
// What was drawn is kept in this page alone; docs/status.md says what each figure means.

/** What a loop, or all together, is doing; what is not known is missing.
 * @typedef {Record<string, number | undefined>} Figures */
/** @typedef {{ at: number, all: Figures }} Sample */
/** Of what differs by orders of magnitude: the lowest mark, and how often each goes into the next.
 * @typedef {[number, number]} Growth */

const EVERY_MS = 1000;
const SHOWN_MS = 300_000;

/** @param {number} n */
const count = (n) => (n < 10 && n % 1 ? n.toFixed(1) : Math.round(n).toLocaleString('en'));
/** @param {number} n @param {number} step @param {string[]} units */
const scaled = (n, step, units) => {
  let at = 0;
  while (n >= step && at < units.length - 1) [n, at] = [n / step, at + 1];
  return `${n < 10 && n % 1 ? n.toFixed(1) : Math.round(n)} ${units[at]}`;
};
/** @param {number} n */
const bytes = (n) => scaled(n, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
/** @param {number} n */
const bytesPerSecond = (n) => `${bytes(n)}/s`;
/** @param {number} ns */
const time = (ns) => scaled(ns / 1000, 1000, ['µs', 'ms', 's']);
/** @param {number} n */
const percent = (n) => `${n.toFixed(1)} %`;
/** @param {number} ms */
const span = (ms) => {
  const s = Math.floor(ms / 1000);
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : m ? `${m} min ${s % 60} s` : `${s} s`;
};

/** Each figure: what it is called, and how it is written. @type {Record<string, [string, (n: number) => string]>} */
const FIGURES = {
  connections: ['connections', count],
  linesIn: ['lines in, per second', count],
  linesOut: ['lines out, per second', count],
  bytesIn: ['bytes in', bytesPerSecond],
  bytesOut: ['bytes out', bytesPerSecond],
  mailboxes: ['in mailboxes', bytes],
  logs: ['in logs of rooms', bytes],
  held: ['held back', bytes],
  behind: ['readers behind', count],
  paused: ['not read from', count],
  missed: ['times lines were missed', count],
  closed: ['closed for being slow', count],
  median: ['median turn', time],
  p99: ['99 of 100 turns', time],
  longest: ['longest turn', time],
  busy: ['busy', percent],
};
/** The charts: what each is called, how its marks are written, how it grows, and its figures.
 * @type {[string, (n: number) => string, Growth | null, (all: Figures) => string[]][]} */
const CHARTS = [
  ['Connections', count, null, (all) => dialects(all)],
  ['Lines per second', count, [1, 10], () => ['linesIn', 'linesOut']],
  ['Bytes per second', bytesPerSecond, [32, 32], () => ['bytesIn', 'bytesOut']],
  ['Bytes that wait', bytes, [32, 32], () => ['mailboxes', 'logs', 'held']],
  ['Slow readers', count, null, () => ['behind', 'paused']],
  ['Length of a turn', time, [1000, 10], () => ['median', 'p99', 'longest']],
];

/** Of several loops the slowest counts, not the sum. */
const MOST = ['median', 'p99', 'longest', 'busy'];
const DIALECT = 'speaking: ';
/** @param {Figures} all */
const dialects = (all) => Object.keys(all).filter((key) => key.startsWith(DIALECT));
/** @param {string} key */
const nameOf = (key) => FIGURES[key]?.[0] ?? key;
/** @param {string} key @param {number | undefined} n */
const written = (key, n) => (n === undefined ? '–' : (FIGURES[key]?.[1] ?? count)(n));

/** What a loop is doing, from two answers. @param {any} now @param {any} before @returns {Figures} */
function figuresOf(now, before) {
  if (!now.connections) return {};
  const ms = before?.connections ? now.at - before.at : 0;
  /** @param {string} group @param {string} name */
  const rate = (group, name) =>
    ms > 0 ? Math.max(0, ((now[group][name] - before[group][name]) * 1000) / ms) : undefined;
  /** @type {Figures} */
  const figures = {
    connections: now.connections.now,
    linesIn: rate('lines', 'in'),
    linesOut: rate('lines', 'out'),
    bytesIn: rate('bytes', 'in'),
    bytesOut: rate('bytes', 'out'),
    ...now.queued_bytes,
    behind: now.readers.behind,
    paused: now.readers.paused,
    missed: now.readers.missed_lines,
    closed: now.readers.closed,
  };
  for (const [name, n] of Object.entries(now.connections.by_dialect)) figures[DIALECT + name] = Number(n);
  if (now.turns?.recent) {
    const { median_ns: median, p99_ns: p99, longest_ns: longest, busy_ns, over_ms } = now.turns;
    Object.assign(figures, { median, p99, longest, busy: busy_ns / over_ms / 1e4 });
  }
  return figures;
}

/** @param {Figures[]} loops */
function together(loops) {
  /** @type {Figures} */
  const all = {};
  for (const [name, n] of loops.flatMap((loop) => Object.entries(loop))) {
    if (n === undefined) continue;
    const sum = all[name] ?? 0;
    all[name] = MOST.includes(name) ? Math.max(sum, n) : sum + n;
  }
  return all;
}

/** @param {string} id */
const the = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} space @returns {(name: string, given?: Record<string, string | number>, ...children: (Node | string)[]) => Element} */
const maker = (space) => (name, given = {}, ...children) => {
  const element = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(given)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
};
const h = maker('http://www.w3.org/1999/xhtml');
const s = maker('http://www.w3.org/2000/svg');

const [WIDE, HIGH, LEFT, TOP, BELOW] = [440, 170, 66, 8, 18];

/** The marks at a chart's side that `most` fits under, from 0 up, and how high a figure stands.
 * @param {Growth | null} growth @param {number} most @returns {[number[], (n: number) => number]} */
function scale(growth, most) {
  if (!growth) {
    let top = 2;
    while (top < most) top *= String(top).startsWith('2') ? 2.5 : 2;
    return [[0, top / 2, top], (n) => n / top];
  }
  const [least, times] = growth;
  const steps = Math.max(2, Math.ceil(Math.log(Math.max(most, 1) / least) / Math.log(times)));
  const marks = Array.from({ length: steps }, (_, n) => least * times ** (n + 1));
  const high = Math.log1p(marks[steps - 1] / least);
  return [[0, ...marks], (n) => Math.log1p(n / least) / high];
}

/** @param {typeof CHARTS[number]} chart */
function drawing([title, unit, growth, keysOf]) {
  const svg = s('svg', { class: 'chart', viewBox: `0 0 ${WIDE} ${HIGH}`, 'aria-hidden': 'true' });
  const list = h('ul');
  the('charts').append(h('figure', {}, h('figcaption', {}, title), svg, list));
  /** @param {Sample[]} samples @param {Sample} last */
  return (samples, last) => {
    const keys = keysOf(last.all);
    const [marks, height] = scale(growth, Math.max(...samples.flatMap(({ all }) => keys.map((key) => all[key] ?? 0))));
    /** @param {number} n */
    const y = (n) => (TOP + (1 - height(n)) * (HIGH - BELOW - TOP)).toFixed(1);
    /** @param {number} at */
    const x = (at) => (LEFT + (1 - (last.at - at) / SHOWN_MS) * (WIDE - LEFT - 2)).toFixed(1);
    /** @param {number} line @param {string} d */
    const path = (line, d) => s('path', { class: `line l${line % 6}`, d });
    const lines = keys.map((key, line) => {
      let [d, previous] = ['', -Infinity];
      for (const { at, all } of samples) {
        const n = all[key];
        if (n === undefined) continue;
        d += `${at - previous > 4 * EVERY_MS ? 'M' : 'L'}${x(at)} ${y(n)}`;
        previous = at;
      }
      return path(line, d);
    });
    svg.replaceChildren(
      ...marks.map((mark) => s('path', { class: 'grid', d: `M${LEFT} ${y(mark)}H${WIDE}` })),
      ...marks.map((mark) => s('text', { x: LEFT - 6, y: Number(y(mark)) + 4, 'text-anchor': 'end' }, unit(mark))),
      s('text', { x: LEFT, y: HIGH - 3 }, '5 minutes ago'),
      s('text', { x: WIDE, y: HIGH - 3, 'text-anchor': 'end' }, 'now'),
      ...lines,
    );
    list.replaceChildren(
      ...keys.map((key, line) => {
        const sample = s('svg', { 'aria-hidden': 'true' }, path(line, 'M0 4H30'));
        return h('li', {}, sample, `${nameOf(key)} `, h('b', {}, written(key, last.all[key])));
      }),
    );
  };
}

/** @param {Figures} all @param {Figures[]} loops */
function tabulate(all, loops) {
  const columns = loops.length > 1 ? [all, ...loops] : [all];
  const heads = columns.map((_, n) => h('th', { scope: 'col' }, n ? `loop ${n - 1}` : 'all'));
  the('head').replaceChildren(h('tr', {}, h('td'), ...heads));
  const [first = '', ...rest] = Object.keys(FIGURES);
  const rows = [first, ...dialects(all), ...rest].map((key) => {
    const cells = columns.map((figures) => h('td', {}, written(key, figures[key])));
    return h('tr', {}, h('th', { scope: 'row' }, nameOf(key)), ...cells);
  });
  the('body').replaceChildren(...rows);
}

const draws = CHARTS.map(drawing);
/** @type {Sample[]} */
let samples = [];
/** @type {any} */
let before = null;
/** @type {Date | null} */
let lost = null;

/** @param {any} told */
function show(told) {
  for (const loop of told.loops) loop.at = told.uptime_ms - loop.age_ms;
  // Another run of the server counts from nothing.
  if (told.uptime_ms < before?.uptime_ms) before = null;
  const loops = told.loops.map((/** @type {any} */ loop, /** @type {number} */ n) => figuresOf(loop, before?.loops[n]));
  const last = { at: Date.now(), all: together(loops) };
  samples = [...samples.filter(({ at }) => last.at - at < SHOWN_MS), last];
  const cpu = ((told.cpu_ms - before?.cpu_ms) / (told.uptime_ms - before?.uptime_ms)) * 100;
  before = told;
  const about = [
    told.version && `version ${told.version}`,
    told.engine && `engine ${told.engine}`,
    `loops ${told.loops.length}`,
    `up for ${span(told.uptime_ms)}`,
    `members ${count(told.members)}`,
    `rooms ${count(told.rooms)}`,
    told.memory_bytes && `memory ${bytes(told.memory_bytes)}`,
    Number.isFinite(cpu) && `CPU ${percent(cpu)}`,
  ];
  document.title = `Status of ${told.name}`;
  the('name').textContent = told.name;
  the('about').textContent = about.filter(Boolean).join(' · ');
  draws.forEach((draw) => draw(samples, last));
  tabulate(last.all, loops);
}

/** @param {string} text */
function say(text) {
  const state = the('state');
  state.classList.toggle('lost', lost !== null);
  // It is read out when it changes.
  if (state.textContent !== text) state.textContent = text;
}

/** Asks for ever: where nobody answers, too. */
async function follow() {
  for (;;) {
    try {
      const answer = await fetch('/status.json', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      show(await answer.json());
      lost = null;
      say('Live.');
    } catch (error) {
      lost ??= new Date();
      say(`No figures since ${lost.toLocaleTimeString()}: ${/** @type {Error} */ (error).message}. Trying again…`);
    }
    await new Promise((resume) => setTimeout(resume, EVERY_MS));
  }
}

follow();
