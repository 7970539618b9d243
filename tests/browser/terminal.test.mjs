// The terminal beyond one command and its reply: help, gates, streams, waiting clients, the bytes on the wire.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, SIZES, barriers, enter, say, screenshot, soon, stage } from "./harness.mjs";

const { visit } = stage();

const tab = (page, number) => page.click(`.pane-terminal .choice button:text-is("${number}")`);
const newTab = (page) => page.click(".pane-terminal .choice button:text-is('+')");
const shown = (page) => page.locator(".terminal-lines").innerText();

test("HELP, and the gate that refused", async () => {
  const { page, problems } = await visit("#/lab/single");
  await enter(page, "HELP LMOVE");
  await page.waitForSelector(".exchange pre");
  await soon.match(() => shown(page), /LMOVE source destination <LEFT\|RIGHT> <LEFT\|RIGHT>\s+summary: .*\s+since: 6\.2\.0\s+group: list/);
  await enter(page, "help config set");
  await page.waitForFunction(() => document.querySelector(".terminal-lines").textContent.includes("CONFIG SET parameter value"));
  await say(page, "NONSENSE");
  await soon.match(() => shown(page), /refused by the gate “exists”/);
  await say(page, "MULTI");
  await say(page, "WATCH k");
  await soon.match(() => shown(page), /refused by the gate “transaction”/);
  await say(page, "DISCARD");
  await say(page, "LPUSH l a");
  assert.equal(await say(page, "INCR l"), "(error) WRONGTYPE Operation against a key holding the wrong kind of value");
  await soon.equal(() => page.locator(".exchange").last().locator(".gate").count(), 0);
  assert.deepEqual(problems, []);
  await page.close();
});

test("messages come into the pane of who subscribed, until it leaves", async () => {
  const { page, problems } = await visit("#/lab/single");
  await say(page, "SUBSCRIBE news");
  await soon.match(() => page.locator(".stream-bar").innerText(), /Subscribed to 1 channel/);
  await newTab(page);
  assert.equal(await say(page, "PUBLISH news hello"), "(integer) 1");
  await tab(page, 1);
  await page.waitForFunction(() => document.querySelector(".terminal-lines").textContent.includes('1) "message"2) "news"3) "hello"') || /"message"\s+2\) "news"\s+3\) "hello"/.test(document.querySelector(".terminal-lines").innerText));
  await page.focus("#command");
  await page.keyboard.press("Control+c");
  await page.waitForSelector(".stream-bar", { state: "detached" });
  await tab(page, 2);
  assert.equal(await say(page, "PUBLISH news again"), "(integer) 0");
  await tab(page, 1);
  await say(page, "MONITOR");
  await soon.match(() => page.locator(".stream-bar").innerText(), /MONITOR/);
  await tab(page, 2);
  await say(page, "SET k v");
  await tab(page, 1);
  await page.waitForFunction(() => /\[0 [\d.:]+\] "SET" "k" "v"/.test(document.querySelector(".terminal-lines").innerText));
  await page.click(".stream-bar button");
  await page.waitForSelector(".stream-bar", { state: "detached" });
  assert.equal(await say(page, "GET k"), '"v"');
  assert.deepEqual(problems, []);
  await page.close();
});

test("request and reply can be seen as bytes", async () => {
  const { page } = await visit("#/lab/single");
  await page.click("button[title='Bytes on the wire']");
  await say(page, "SET k 'a b'");
  const wire = async () => (await page.locator(".wire").last().innerText()).replaceAll(/\s*\n/g, " ");
  await soon.equal(wire, "→ *3\\r\\n $3\\r\\n SET\\r\\n $1\\r\\n k\\r\\n $3\\r\\n a b\\r\\n ← +OK\\r\\n");
  await page.close();
});

for (const language of LANGUAGES) {
  for (const size of [SIZES[0], SIZES[2]]) {
    test(`clients are seen waiting and woken: ${language}-${size.width}`, async () => {
      const { page, problems } = await visit(`?lang=${language}#/lab/single`, size);
      await page.emulateMedia({ colorScheme: language === "zh" ? "dark" : "light" });
      await page.click("[data-tab=clients]");
      await enter(page, "BLPOP jobs 0");
      await newTab(page);
      await enter(page, "BRPOP jobs other 30");
      await newTab(page);
      await say(page, "SUBSCRIBE news");
      await newTab(page);
      const rooms = () => page.locator(".room").allInnerTexts();
      await page.waitForFunction(() => document.querySelectorAll(".room").length === 3);
      await soon.match(async () => (await rooms())[0].replaceAll(/\s+/g, " "), /^jobs .*1.*2/);
      await soon.equal(() => page.locator(".room").first().locator(".pill").count(), 2);
      for (const text of ["jobs", "other", "news"]) await soon.ok(async () => (await rooms()).some((room) => room.includes(text)), text);
      assert.deepEqual(await barriers(page), []);
      await screenshot(page, `clients-waiting-${language}-${size.width}`);
      // The first who came is woken, and the other waits on.
      await say(page, "RPUSH jobs one");
      await page.waitForFunction(() => document.querySelectorAll(".room .pill.waits").length === 2);
      await soon.match(() => page.locator(".wakings").innerText(), /jobs/);
      await tab(page, 1);
      await soon.match(() => shown(page), /1\) "jobs"\s+2\) "one"/);
      await screenshot(page, `clients-woken-${language}-${size.width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= size.width, `${wide} pixels wide`);
      assert.deepEqual(problems, []);
      await page.close();
    });
  }
}
