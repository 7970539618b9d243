// What every browser test begins with: a server with the page, a browser with a fresh profile, a page that is watched.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);

/** Sizes of a phone, a tablet and a desktop. */
export const SIZES = [
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1440, height: 900 },
];
export const LANGUAGES = ["en", "zh"];

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The value of a variable that `cargo xtask test` sets. */
function told(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this with \`cargo xtask test --only browser\``);
  return value;
}

/** Starts `kvarium` on free ports. `url` is its page, `port` speaks the database's protocol. */
export async function startServer() {
  const [port, httpPort] = await freePorts(2);
  const folder = mkdtempSync(join(tmpdir(), "kvarium-"));
  const words = ["server", "--port", port, "--http-port", httpPort, "--save", "", "--dir", folder];
  const server = spawn(told("KVARIUM"), words.map(String), { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  server.stdout.on("data", (text) => (said += text));
  const ended = new Promise((resolve) => server.on("exit", resolve));
  const url = `http://127.0.0.1:${httpPort}/`;
  const close = async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let wait = 0; wait < 100; wait++) {
    if (server.exitCode !== null) throw new Error(`kvarium ended with ${server.exitCode}:\n${said}`);
    if ((await answers(httpPort)) && (await answers(port))) return { url, port, close };
    await sleep(100);
  }
  await close();
  throw new Error(`kvarium does not answer:\n${said}`);
}

/** Serves the built site below a path, as any host of plain files would. */
export async function startHost(prefix) {
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
  const host = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://host").pathname));
    try {
      if (!path.startsWith(prefix)) throw new Error("outside");
      const file = path.slice(prefix.length) || "index.html";
      const content = readFileSync(join(told("SITE"), file));
      response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => host.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => host.close(resolve) && host.closeAllConnections());
  return { url: `http://127.0.0.1:${host.address().port}${prefix}`, close };
}

/** A browser that knows nothing yet. */
export async function startBrowser(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), "kvarium-profile-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: told("CHROMIUM"),
    headless: true,
    args: QUIET,
    viewport: SIZES[2],
    ...options,
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/** A host with the page and a browser, for all tests of a file; `visit` opens a part of the page, at a panel if one is named. */
export function stage(panel) {
  const stage = {
    async visit(fragment, size) {
      const { page, problems } = await open(stage.browser.context, `${stage.host.url}${fragment}`, size);
      page.setDefaultTimeout(20_000);
      if (panel) await page.click(`[data-tab=${panel}]`);
      return { page, problems };
    },
  };
  before(async () => {
    stage.host = await startHost("/");
    stage.browser = await startBrowser();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.host?.close();
  });
  return stage;
}

/** Opens `url` in a page of its own. `problems` gathers whatever went wrong in it, from its first request on. */
export async function open(context, url, size = SIZES[2]) {
  const page = await context.newPage();
  await page.setViewportSize(size);
  const problems = [];
  const host = new URL(url).host;
  page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => problems.push(`failed request: ${request.url()}`));
  page.on("response", (response) => response.status() >= 400 && problems.push(`${response.status()}: ${response.url()}`));
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol.startsWith("http") && to.host !== host) problems.push(`request to another host: ${to}`);
  });
  await page.goto(url, { waitUntil: "load" });
  await ready(page);
  return { page, problems };
}

/** Waits until the playground has taken the place of the shell, which says `aria-busy` until then. */
export async function ready(page) {
  await page.waitForSelector("#app:not([aria-busy]) > *", { timeout: 20_000 });
}

/** Types a line into the terminal, whether it is answered or not. */
export async function enter(page, line) {
  await page.fill("#command", line);
  await page.press("#command", "Enter");
}

/** The same, and waits for its reply. */
export async function say(page, line) {
  const before = await page.locator(".exchange").count();
  await enter(page, line);
  await page.waitForFunction((count) => document.querySelectorAll(".exchange pre").length > count, before);
  await page.waitForFunction(() => !document.querySelector(".exchange .waiting"));
  return page.locator(".exchange").last().locator("pre").last().innerText();
}

/** `node:assert` for what is being drawn: it is read again until the assertion holds, for ten seconds. */
export const soon = Object.fromEntries(
  ["equal", "notEqual", "deepEqual", "match", "ok"].map((name) => {
    const holds = async (read, ...expected) => {
      for (const begun = Date.now(); ; await sleep(20)) {
        try {
          return assert[name](await read(), ...expected);
        } catch (error) {
          if (Date.now() - begun > 10_000) throw error;
        }
      }
    };
    return [name, holds];
  }),
);

/** What axe finds wrong for people who use assistive technology, and calls serious or worse. */
export async function barriers(page) {
  await page.evaluate(require("axe-core").source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Pictures are for people to look at: nothing compares them. */
export async function screenshot(page, name) {
  const folder = told("SCREENSHOTS");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const listening = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  await Promise.all(servers.map(listening));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => socket.end(() => resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
