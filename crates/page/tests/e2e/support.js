// What the end-to-end tests are written with: the program, browsers, and others to talk to.
//
// Invariant: whatever is started is ended with its test, and no wait is without a limit. The limits are
// far over what anything should take: they end a test that hangs, and measure nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

/** The longest that anything is waited for, in milliseconds. */
export const PATIENCE = 30_000;

const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../../../target');
const PROGRAM = process.env.SWITCHBOARD ?? join(target, 'debug/switchboard');

/** Waits until `look` gives something. @template T @param {() => T | Promise<T>} look
 * @param {string | (() => string)} what */
export async function until(look, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) assert.fail(`in vain: ${typeof what === 'string' ? what : what()}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

/** The program, as a server on a port of its own. */
export class Server {
  output = '';

  /** @param {import('node:test').TestContext} test @param {...string} args */
  static async start(test, ...args) {
    const server = new Server();
    server.args = args;
    test.after(() => server.kill());
    await server.run(0);
    return server;
  }

  async run(port) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SWITCHBOARD_')));
    this.process = spawn(PROGRAM, ['chat', '--listen', `127.0.0.1:${port}`, ...this.args], { env });
    this.process.on('error', (error) => assert.fail(`${PROGRAM}: ${error.message}; build it with cargo build`));
    let said = '';
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
        this.output += text;
      });
    }
    const [, address] = await until(() => /^Listening on .*:(\d+)\n/m.exec(said), () => `an address in: ${said}`);
    this.port = Number(address);
    this.url = `http://127.0.0.1:${this.port}/`;
  }

  /** Asks it to stop, as Ctrl-C does. */
  async stop() {
    this.process.kill('SIGINT');
    await once(this.process, 'exit');
  }

  /** Stops it, and starts it again on the same port. */
  async restart() {
    await this.stop();
    await this.run(this.port);
  }

  kill() {
    this.process.kill('SIGKILL');
  }

  /** Somebody with nc. @param {import('node:test').TestContext} test */
  nc(test) {
    const process = spawn('nc.openbsd', ['127.0.0.1', String(this.port)]);
    test.after(() => process.kill('SIGKILL'));
    return new Talker(process.stdin, process.stdout);
  }

  /** An IRC client. @param {import('node:test').TestContext} test @param {string} name */
  async irc(test, name) {
    const socket = net.connect(this.port, '127.0.0.1');
    test.after(() => socket.destroy());
    const client = new Talker(socket, socket);
    client.say(`NICK ${name}\r\nUSER ${name} 0 * :${name}\r\nJOIN #lobby\r`);
    await client.reads(' 366 ');
    return client;
  }
}

/** A peer that reads and writes lines. */
export class Talker {
  text = '';

  constructor(input, output) {
    this.input = input;
    output.setEncoding('utf8').on('data', (text) => (this.text += text));
    for (const stream of [input, output]) stream.on('error', () => {});
  }

  say(line) {
    this.input.write(`${line}\n`);
  }

  reads(words) {
    return until(() => this.text.includes(words), () => `${words} in: ${this.text.slice(-2000)}`);
  }
}

/** A line to the server that can be cut. */
export class Wire {
  #sockets = new Set();
  #open = true;

  /** Whoever comes by it comes, to a server that trusts this machine, from the address `from`.
   * @param {import('node:test').TestContext} test @param {Server} server @param {string} [from] */
  static async to(test, server, from) {
    const wire = new Wire();
    wire.listener = net.createServer((near) => {
      if (!wire.#open) return near.destroy();
      const far = net.connect(server.port, '127.0.0.1');
      if (from) far.write(`PROXY TCP4 ${from} 192.0.2.1 4000 8008\r\n`);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        wire.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => {
          wire.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
    });
    wire.listener.listen(0, '127.0.0.1');
    await once(wire.listener, 'listening');
    wire.url = `http://127.0.0.1:${wire.listener.address().port}/`;
    test.after(() => {
      wire.cut();
      wire.listener.close();
    });
    return wire;
  }

  /** Cuts every connection, and lets no other through until it is mended. */
  cut() {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What is sent is lost, and nobody is told. */
  jam() {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  mend() {
    this.#open = true;
  }
}

/** The browser of a file's tests. @type {Promise<import('playwright-core').Browser> | undefined} */
let launched;

/** A browser, with nothing in it from before; what one person does in it another does not see. */
export function browser() {
  return (launched ??= launch());
}

const folder = mkdtempSync(join(tmpdir(), 'switchboard-page-'));

after(async () => {
  await (await launched)?.close();
  rmSync(folder, { recursive: true, force: true });
});

function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP chat.example 127.0.0.1', `--disk-cache-dir=${folder}`],
  });
}

/** Somebody at a browser. */
export class Person {
  /** What the page complained of: errors, and what the Content-Security-Policy forbade. @type {string[]} */
  complaints = [];

  /** @param {import('playwright-core').Browser} browser @param {string} url
   * @param {import('playwright-core').BrowserContextOptions & {name?: string}} [options] */
  static async at(browser, url, { name, ...options } = {}) {
    const person = new Person();
    person.context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1180, height: 720 }, ...options });
    person.page = await person.context.newPage();
    person.page.setDefaultTimeout(PATIENCE);
    person.page.on('pageerror', (error) => person.complaints.push(error.message));
    person.page.on('console', (message) => {
      // A line that is cut is none of the page's faults, nor that browsers take this header over TLS only.
      const network = /WebSocket connection to|net::ERR_|Cross-Origin-Opener-Policy|status of 4(26|29)/.test(message.text());
      if (message.type() === 'error' && !network) person.complaints.push(message.text());
    });
    await person.page.goto(url);
    await person.live();
    if (name) await person.say(`/nick ${name}`).then(() => person.page.waitForFunction((name) => document.querySelector('#me .name')?.textContent === name, name));
    return person;
  }

  /** There is a line, and a room. */
  async live() {
    await this.page.waitForFunction(() => document.body.dataset.line === 'live' && document.querySelector('#rooms .current'));
  }

  /** @param {string} text */
  async say(text) {
    await this.page.locator('#box').fill(text);
    await this.page.locator('#box').press('Enter');
  }

  /** Waits for a line with these words. @param {string} words */
  async reads(words) {
    await this.page.locator('#rows .text, #rows .aside').filter({ hasText: words }).first().waitFor();
  }

  /** What is said in the room, as it is shown. @returns {Promise<string[]>} */
  lines() {
    return this.page.locator('#rows .text').allTextContents();
  }

  /** Nothing waits for the server's word. */
  async settled() {
    await this.page.waitForFunction(() => !document.querySelector('.line.sending'));
  }

  async leaves() {
    assert.deepEqual(this.complaints, []);
    await this.context.close();
  }
}
