// Memory in its panel: who has to go and why, what has expired and is still there, a hundred thousand keys, nobody barred.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { test } from "node:test";
import { LANGUAGES, SIZES, barriers, enter, say, screenshot, sleep, soon, stage } from "./harness.mjs";

const { visit } = stage("memory");

const link = (lines) => `#v1.${deflateRawSync(Buffer.from(["!scenario single", "!seed 7", ...lines, ""].join("\n"))).toString("base64url")}`;
const number = async (locator, name) => Number(await locator.getAttribute(name));
const blur = (page) => page.evaluate(() => document.activeElement.blur());

/** The rows of the pool: key, score, and whether it is the victim. */
const pool = (page) =>
  page.locator(".pool tbody tr").evaluateAll((rows) =>
    rows.map((row) => ({ key: row.dataset.key, score: BigInt(row.dataset.score), victim: row.classList.contains("victim"), note: row.cells[2].textContent })),
  );

/** Every colour of the canvas at a place, as `r,g,b`. */
const colours = (page) =>
  page.locator(".field-of-tiles canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const counts = {};
    for (let at = 0; at < data.length; at += 4) {
      const name = `${data[at]},${data[at + 1]},${data[at + 2]}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  });

/** Sets a parameter in the panel, which runs the command that it shows. */
async function set(page, name, value) {
  if (!(await page.locator(".memory-settings").getAttribute("open")) && !(await page.locator(`#${name}`).isVisible())) await page.click(".memory-settings summary");
  const control = page.locator(`#${name}`);
  if (name === "maxmemory-policy") await control.selectOption(value);
  else await control.fill(value);
  const button = page.locator(".setting", { has: page.locator(`#${name}`) }).locator(".run-line");
  assert.equal(await button.innerText(), `= CONFIG SET ${name} ${value}`);
  await button.click();
  await soon.match(() => page.locator(".exchange").last().innerText(), /OK/);
}

test("the victim is the best of the pool that is shown, and the list says why it went", async () => {
  const { page, problems } = await visit("#/lab/single");
  const info = await say(page, "INFO memory");
  const [, used] = /used_memory:(\d+)/.exec(info);
  await set(page, "maxmemory", String(Number(used) + 20_000));
  await set(page, "maxmemory-policy", "allkeys-lru");
  await page.click(".memory-settings summary");
  assert.equal(await say(page, "CONFIG GET maxmemory-policy"), '1) "maxmemory-policy"\n2) "allkeys-lru"');
  for (let n = 0; n < 8; n++) {
    for (let k = 0; k < 4; k++) await say(page, `SET key:${n}${k} ${"x".repeat(700)}`);
    await enter(page, "!advance 2s");
  }
  await soon.match(() => page.locator(".decision").innerText(), /allkeys-lru: idle \d+ s, the best of \d+ candidates/);
  const rows = await pool(page);
  const pooled = rows.filter(({ note }) => note !== "sampled, no room in the pool");
  assert.ok(pooled[0].victim && pooled.length > 1, JSON.stringify(rows, (_, value) => String(value)));
  assert.ok(pooled.every(({ score }, at) => at === 0 || score <= pooled[at - 1].score), "the best is first");
  assert.equal(rows.filter(({ victim }) => victim).length, 1);
  const gone = page.locator(`.gone-row[data-key="${pooled[0].key}"]`).first();
  assert.match(await gone.innerText(), /evicted: allkeys-lru: idle \d+ s/);
  assert.equal(await say(page, `EXISTS ${pooled[0].key}`), "(integer) 0");
  // An earlier decision is looked at again.
  const earlier = page.locator(".gone-row").last();
  await earlier.locator("button").click();
  await soon.equal(async () => (await pool(page))[0].key, await earlier.getAttribute("data-key"));

  // Bytes agree with the command, to the last one.
  const stats = await say(page, "MEMORY STATS");
  const [, total] = /"total.allocated"\s+\d+\) \(integer\) (\d+)/.exec(stats);
  await soon.equal(() => number(page.locator("#used-memory"), "data-bytes"), Number(total));
  const owners = await page.locator(".owners .number").evaluateAll((all) => all.map((one) => Number(one.dataset.bytes)));
  assert.equal(owners.reduce((sum, bytes) => sum + bytes), Number(total));
  await screenshot(page, "memory-eviction");
  assert.deepEqual(problems, []);
  await page.close();
});

test("every reason is told, and found by the key", async () => {
  const { page, problems } = await visit("#/lab/single");
  const lines = ["MSET a 1 b 1 c 1 d 1 e 1", "DEL a", "RENAME b f", "MOVE c 1", "EXPIRE d -1", "SET e 2", "SET g 1 PX 10", "SET h 1 PX 10"];
  for (const line of lines) await say(page, line);
  await enter(page, "!advance 1s");
  await say(page, "CONFIG SET hz 1");
  await enter(page, "!advance 1s");
  await say(page, "SET i 1 PX 1");
  await enter(page, "!advance 5ms");
  await say(page, "GET i");
  await say(page, "FLUSHALL");
  const told = () => page.locator(".gone-row").evaluateAll((rows) => rows.map((row) => `${row.dataset.key} ${row.lastChild.textContent}`));
  await soon.equal(async () => (await told())[0], "* flushed: 3 keys");
  const all = await told();
  for (const wanted of ["a deleted", "b renamed", "c moved to another database", "d given an expiry in the past", "g expired, found by the expiry cycle", "i expired, found by a command"]) {
    assert.ok(all.includes(wanted), `${wanted}: ${all.join("; ")}`);
  }
  await page.fill("#gone-key", "g");
  await soon.deepEqual(told, ["g expired, found by the expiry cycle"]);
  await page.fill("#gone-key", "");
  await page.selectOption("#gone-why", "overwritten");
  await soon.deepEqual(told, ["e overwritten"]);
  assert.deepEqual(problems, []);
  await page.close();
});

test("what has expired is hollow until it is removed", async () => {
  const { page, problems } = await visit("#/lab/single");
  await page.emulateMedia({ colorScheme: "light" });
  await say(page, `SET soon ${"x".repeat(100)} EX 5`);
  await soon.match(() => page.locator(".tile-said").innerText(), /soon · string · \d+ bytes · idle .* · expires in/);
  const paper = async () => (await colours(page))["255,255,255"] ?? 0;
  const filled = await paper();
  // Nothing is removed while clients wait to write.
  await say(page, "CLIENT PAUSE 12000 WRITE");
  await enter(page, "!advance 10s");
  await soon.match(() => page.locator(".tile-said").innerText(), /expired/);
  await soon.ok(async () => (await paper()) > 10 * (filled + 1000));
  await screenshot(page, "memory-hollow");
  await enter(page, "!advance 2200ms");
  await soon.match(() => page.locator(".tile-said").innerText(), /gone/);
  await enter(page, "!advance 3s");
  await soon.match(() => page.locator(".tile-said").innerText(), /No keys yet/);
  assert.match(await page.locator(".gone-row").first().innerText(), /soon\s+expired, found by the expiry cycle/);
  assert.deepEqual(problems, []);
  await page.close();
});

test("a hundred thousand keys stay fluent under a zipfian load", async (t) => {
  const fill = "!load z rate=100000 keys=100000 dist=seq read=0 pipeline=100 count=100000 size=20";
  const { page, problems } = await visit(link([fill, "!advance 4s", "!load y rate=2000 keys=100000 dist=zipf read=0.5 pipeline=4 size=20"]));
  await soon.match(() => page.locator(".owners").innerText(), /100,0\d\d keys|100,000 keys/);
  await blur(page);
  await page.keyboard.press("Space");
  const times = await page.evaluate(async () => {
    const times = [];
    for (let frame = 0; frame < 60; frame++) await new Promise(requestAnimationFrame);
    let last = await new Promise(requestAnimationFrame);
    for (let frame = 0; frame < 300; frame++) {
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b);
  });
  await page.keyboard.press("Space");
  const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(1);
  t.diagnostic(`frames with 100,000 keys: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
  assert.ok((await number(page.locator(".tile-said"), "data-tiles")) > 1000);
  await screenshot(page, "memory-crowd");
  assert.deepEqual(problems, []);
  await page.close();
});

test("arrow keys go from tile to tile, and say what is there", async () => {
  const { page, problems } = await visit("#/lab/single");
  for (let n = 0; n < 12; n++) await say(page, `SET key:${n} ${"x".repeat(100)}`);
  await say(page, "RPUSH list a b c");
  await page.focus(".field-of-tiles");
  const seen = new Set();
  for (const key of ["Home", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "End"]) {
    await page.keyboard.press(key);
    seen.add(await page.locator(".field-of-tiles .hidden-text").innerText());
  }
  assert.ok(seen.size >= 5, [...seen].join("; "));
  await page.keyboard.press("Home");
  const said = await page.locator(".tile-said .mono").innerText();
  await page.click(".tile-said .button");
  await soon.equal(() => page.locator(".key-row.open .key").innerText(), said.split(" · ")[0]);
  assert.deepEqual(problems, []);
  await page.close();
});

/** A world in which everything is there that a panel can show. */
const SETTING = [
  "@M#2> CONFIG SET maxmemory-policy allkeys-lfu",
  "@M#2> RPUSH queue a b c d e f g h",
  "@M#2> SADD tags red green blue",
  "@M#2> ZADD board 1 ann 2 bob 3 carl",
  "@M#2> HSET user:1 name ann mail ann@example.org",
  "@M#2> XADD jobs 1-1 task resize",
  "@M#2> SET soon 1 EX 40",
  "!load z rate=200 keys=300 dist=zipf read=0.3 size=60",
  "!advance 2s",
  "@M#2> CONFIG SET maxmemory 112kb",
  "!load t rate=100 keys=200 dist=zipf read=0.3 size=60 ttl=3s",
  "!advance 8s",
  "@M#2> CLIENT PAUSE 60000 WRITE",
  "!advance 2s",
];

/** An application in front of a database, with less room than it would like. */
const TRAFFIC = [
  "@M#2> CONFIG SET maxmemory 130kb maxmemory-policy allkeys-lru",
  "!database db capacity=200 rows=2000",
  "!app shop db=db rate=300 keys=1500 dist=zipf:0.9 scan=0.3 ttl=0s",
  "!advance 20s",
];

const compareWith = (page, policy) => page.selectOption("#compare-with", policy);
/** A figure of both worlds. */
const figures = (page, row) => page.locator(`[data-row=${row}] td`).allInnerTexts();
const evictions = async (page) => (await figures(page, "evicted")).map((text) => Number(text.replaceAll(",", "")));
const difference = (page) => page.locator(".difference p").innerText();

test("two policies stand side by side, and the second world goes wherever the first does", async () => {
  const { page, problems } = await visit(link(TRAFFIC));
  await compareWith(page, "allkeys-lfu");
  await soon.match(() => difference(page), /^With allkeys-lfu, \d+\.\d\s% of the reads find their key; with allkeys-lru, \d+\.\d\s%\. Its database gets [\d,]+ queries/);
  assert.equal(await page.locator(".memory-world").count(), 2);
  // The first is the world that the terminal speaks to.
  const [, evicted] = /evicted_keys:(\d+)/.exec(await say(page, "INFO stats"));
  await soon.ok(async () => (await evictions(page))[0] - evicted <= 5);

  // Both play on, and both are what they were when one comes back.
  const before = await evictions(page);
  await blur(page);
  await page.keyboard.press("Space");
  await soon.ok(async () => (await evictions(page)).every((now, side) => now > before[side] + 20));
  await page.keyboard.press("Space");
  await enter(page, "!advance 5s");
  const settled = async () => {
    const was = await evictions(page);
    await sleep(300);
    return String(was) === String(await evictions(page));
  };
  await soon.ok(settled);
  const there = await evictions(page);
  await page.focus(".rail");
  await page.keyboard.press("Home");
  await soon.match(() => difference(page), /Nothing has been read yet/);
  assert.deepEqual(await evictions(page), [0, 0]);
  await page.keyboard.press("End");
  await soon.deepEqual(() => evictions(page), there);

  // With its own policy nothing differs, and another limit is a difference as well.
  await compareWith(page, "allkeys-lru");
  await soon.match(() => difference(page), /^No difference so far/);
  for (const row of ["found", "evicted", "load", "queries"]) {
    const [first, second] = await figures(page, row);
    assert.equal(first, second, row);
  }
  await page.fill("#compare-limit", "200kb");
  await page.press("#compare-limit", "Tab");
  await soon.match(() => difference(page), /^With allkeys-lru 200 KB, /);
  await page.keyboard.press("t");
  await soon.ok(async () => (await page.locator(".difference tbody tr").count()) > 20);
  await screenshot(page, "memory-compared");
  await compareWith(page, "none");
  await soon.equal(() => page.locator(".memory-world").count(), 1);
  assert.equal(await page.locator("#compare-limit").count(), 0);
  assert.deepEqual(problems, []);
  await page.close();
});

/** On a telephone, leaves the most room to the panel. */
async function lower(page) {
  while ((await page.locator(".panes").getAttribute("data-sheet")) !== "peek") await page.click(".sheet-handle");
}

for (const language of LANGUAGES) {
  for (const size of [SIZES[0], SIZES[2]]) {
    for (const colorScheme of ["light", "dark"]) {
      test(`it fits and bars nobody: ${language}-${size.width}-${colorScheme}`, async () => {
        const { page, problems } = await visit(`?lang=${language}${link(SETTING)}`, size);
        await page.emulateMedia({ colorScheme });
        if (size.width < 640) await lower(page);
        const check = async (name) => {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= size.width, `${name} is ${wide} pixels wide`);
          const cut = await page.evaluate(() => {
            const isCut = (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "visible";
            return [...document.querySelectorAll(".memory button, .memory li, .memory p, .memory td")].filter(isCut).map((e) => e.outerHTML.slice(0, 120));
          });
          assert.deepEqual(cut, [], name);
          assert.deepEqual(await barriers(page), [], name);
          await screenshot(page, `memory-${name}-${language}-${size.width}-${colorScheme}`);
        };
        await check("figure");
        await page.click(".memory-settings summary");
        await check("settings");
        await page.click(".memory-settings summary");
        await blur(page);
        await page.keyboard.press("t");
        await soon.match(() => page.locator(".memory-tables").innerText(), /z:\d+\s+string/);
        await check("table");
        await compareWith(page, "allkeys-lru");
        await soon.ok(async () => !/[:：] ?\d+ ?%$/.test(await difference(page)));
        await check("compared-table");
        await blur(page);
        await page.keyboard.press("t");
        await check("compared");
        assert.deepEqual(problems, []);
        await page.close();
      });
    }
  }
}
