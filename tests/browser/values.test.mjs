// Values opened in the keyspace panel: each type as what it is, live, in both languages, and a million elements of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, SIZES, barriers, enter, say, screenshot, soon, stage } from "./harness.mjs";

const { visit } = stage("keyspace");

const numbers = (count, from = 0) => Array.from({ length: count }, (_, n) => n + from);

/** One of each: small and large, with what is worth seeing in it. */
const VALUES = [
  "RPUSH jobs resize:17 mail:4 mail:5 thumbnail:90 resize:18 report",
  "HSET user:42 name Ada city London karma 17 bio 'likes 茶 and engines'",
  "EXPIRE user:42 900",
  "SADD primes 2 3 5 7 11 13 17 19",
  `SADD odd ${numbers(12).map((n) => 2 * n + 1).join(" ")}`,
  "SADD squares 0 1 4 9 16 25 one",
  "ZADD board 85 Jobs 72 Jerry 96 Walking 62 Tom 72 Spike 40.5 Butch",
  "SET greeting 'hello, 世界'",
  "SET counter 1234567890123",
  "SETRANGE visits 31 x",
  `PFADD guests ${numbers(400).map((n) => `ip${n}`).join(" ")}`,
  "GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 14.2681 40.8518 Naples 12.4964 41.9028 Rome",
  "BF.RESERVE seen 0.01 20 EXPANSION 3",
  `BF.MADD seen ${numbers(50).map((n) => `page${n}`).join(" ")}`,
];

const openKey = async (page, key) => {
  if (await page.locator(".close-value").isVisible()) await page.click(".close-value");
  await page.click(`.key-button:text-is("${key}")`);
  await page.waitForSelector(".value");
};
const facts = (page) => page.locator(".value-facts").innerText();
const encoding = (page) => page.locator(".encoding-step.here").innerText();
const texts = (page, selector) => page.locator(selector).allInnerTexts();

test("every value is opened as what it is, and is live", async () => {
  const { page, problems } = await visit("#/lab/single");
  for (const line of VALUES) await say(page, line);

  await openKey(page, "jobs");
  await soon.match(() => facts(page), /6 elements/);
  await soon.equal(() => encoding(page), "listpack");
  await soon.deepEqual(() => texts(page, ".cell-value"), ["resize:17", "mail:4", "mail:5", "thumbnail:90", "resize:18", "report"]);
  await say(page, "LPUSH jobs urgent");
  await soon.equal(async () => (await texts(page, ".cell-value"))[0], "urgent");
  await soon.deepEqual(() => texts(page, ".cell:first-child .cell-index"), ["0", "−7"]);

  await openKey(page, "user:42");
  await soon.match(() => facts(page), /4 fields.*takes \d+ bytes.*expires in 1[45](\.\d)? min/s);
  await soon.equal(() => page.locator(".gauge").first().getAttribute("aria-valuenow"), "4");
  await say(page, "HSET user:42 name Grace");
  await soon.match(() => page.locator(".value-table").innerText(), /name\s+Grace/);

  await openKey(page, "primes");
  await soon.equal(() => encoding(page), "intset");
  await page.selectOption(".comparison select", { label: "odd" });
  const venn = () => page.locator(".venn").getAttribute("aria-label");
  await soon.match(() => venn(), /SINTER primes odd; primes: 1, odd: 5, primes ∩ odd: 7/);
  await page.locator(".comparison select").nth(1).selectOption({ label: "squares" });
  await soon.match(() => venn(), /primes ∩ odd ∩ squares: 0/);
  await page.click(".comparison button:text-is('SDIFF')");
  await soon.deepEqual(() => texts(page, ".result-members li"), ["2"]);

  await openKey(page, "board");
  const ranks = () => texts(page, ".rung:not(.head) .strong");
  await soon.deepEqual(() => ranks(), ["Butch", "Tom", "Jerry", "Spike", "Jobs", "Walking"]);
  await say(page, "ZINCRBY board 50 Tom");
  await soon.equal(async () => (await ranks()).at(-1), "Tom");
  await page.click(".value-tools button >> nth=1");
  await soon.equal(async () => (await ranks())[0], "Tom");

  await openKey(page, "greeting");
  await soon.equal(() => page.locator(".value-text").innerText(), "hello, 世界");
  await page.click(".value-tools button >> nth=1");
  await soon.match(() => page.locator(".byte-row").first().innerText(), /00000000\s+68 65 6c 6c 6f/);

  await openKey(page, "visits");
  await page.click(".value-tools button >> nth=2");
  const bits = () => page.locator(".bit-cells .set").evaluateAll((paths) => paths.map((path) => path.getAttribute("d").split("M").length - 1));
  const ones = async () => (await bits()).reduce((sum, here) => sum + here, 0);
  await soon.equal(() => ones(), 4);
  await say(page, "SETRANGE visits 0 \\xff".replace("\\xff", '"\\xff"'));
  await soon.equal(() => ones(), 12);

  await openKey(page, "guests");
  await soon.match(() => page.locator(".registers").innerText(), /about 4\d\d different elements · sparse/);
  const map = page.locator(".slot-map");
  await map.focus();
  await page.keyboard.press("ArrowDown");
  await soon.match(() => map.locator("[aria-live]").textContent(), /^Register 128: \d+$/);

  await openKey(page, "sicily");
  await page.click(".value-tools button:text-is('map')");
  await soon.deepEqual(async () => (await page.locator(".map-grid .place").allTextContents()).sort(), ["Catania", "Naples", "Palermo", "Rome"]);

  await openKey(page, "seen");
  const filters = async () => (await texts(page, ".filter-row:not(.head)")).map((row) => row.split(/\s+/).slice(0, 6).join(" "));
  await soon.match(async () => (await filters())[0], /^1 20 20 8 0\.5 %$/);
  await soon.match(async () => (await filters())[1], /^2 \d\d 60 9 0\.25 %$/);
  await soon.match(() => facts(page), /\d\d items/);
  await page.click(".filter-row button:text-is('1')");
  const told = async () => Number((await page.locator(".value-tools .quiet").innerText()).match(/^\d+/)[0]);
  const agree = async () => (await ones()) === (await told());
  await soon.ok(async () => (await agree()) && (await told()) > 60 && (await told()) <= 160);
  const first = await told();
  await page.click(".filter-row button:text-is('2')");
  await soon.ok(async () => (await agree()) && (await told()) !== first);
  const before = await ones();
  await say(page, "BF.MADD seen another one more");
  await soon.ok(async () => (await ones()) > before);

  await openKey(page, "visits");
  await say(page, "DEL visits");
  await soon.match(() => page.locator(".value .empty").innerText(), /not there any more/);
  assert.deepEqual(problems, []);
  await page.close();
});

test("a change of encoding is seen with the limit that caused it", async () => {
  const { page, problems } = await visit("#/lab/single");
  await say(page, "CONFIG SET hash-max-listpack-entries 3");
  await say(page, "HSET h a 1 b 2 c 3");
  await openKey(page, "h");
  await soon.equal(() => encoding(page), "listpack");
  await say(page, "HSET h d 4");
  await soon.equal(() => encoding(page), "hashtable");
  await soon.match(() => page.locator(".conversion").innerText(), /listpack → hashtable\s+hash-max-listpack-entries 3/);
  await soon.match(() => page.locator(".events").innerText(), /h listpack → hashtable: hash-max-listpack-entries 3/);
  // What has not happened yet is not told.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Home");
  await soon.equal(() => page.locator(".conversion").count(), 0);
  assert.deepEqual(problems, []);
  await page.close();
});

for (const language of LANGUAGES) {
  for (const size of SIZES) {
    test(`values fit, as figures and as tables, and bar nobody: ${language}-${size.width}`, async () => {
      const { page, problems } = await visit(`?lang=${language}#/lab/single`, size);
      await page.emulateMedia({ colorScheme: language === "zh" ? "dark" : "light" });
      for (const line of VALUES) await say(page, line);
      if (size.width < 641) await lowerTheSheet(page);
      for (const key of ["jobs", "user:42", "primes", "board", "greeting", "counter", "visits", "guests", "sicily", "seen"]) {
        await openKey(page, key);
        if (key === "primes") await page.selectOption(".comparison select", { label: "odd" });
        if (key === "visits") await page.click(".value-tools button >> nth=2");
        if (key === "sicily") await page.click(".value-tools .choice button >> nth=2");
        for (const form of ["figure", "table"]) {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= size.width, `${key} is ${wide} pixels wide`);
          assert.deepEqual(await barriers(page), [], `${key} ${form}`);
          await screenshot(page, `value-${key.replace(":", "-")}-${form}-${language}-${size.width}`);
          await page.evaluate(() => document.activeElement.blur());
          await page.keyboard.press("t");
        }
      }
      assert.deepEqual(problems, []);
      await page.close();
    });
  }
}

test("a million elements open and scroll, and only those in sight are there", { timeout: 240_000 }, async () => {
  const { page, problems } = await visit("#/lab/single");
  const [million, part] = [1_000_000, 100_000];
  for (let from = 0; from < million; from += part) {
    await put(page, `RPUSH list ${numbers(part, from).join(" ")}`);
    await put(page, `ZADD zset ${numbers(part, from).map((n) => `${n} m${n}`).join(" ")}`);
    await put(page, `SADD set ${numbers(part, from).map((n) => `m${n}`).join(" ")}`);
  }
  const many = { list: ".cell", zset: ".rung", set: ".member" };
  for (const [key, element] of Object.entries(many)) {
    const opened = await frames(page, () => openKey(page, key));
    await soon.match(() => facts(page), /1,000,000/);
    const scrolled = await frames(page, () => scrollThrough(page));
    const drawn = await page.locator(element).count();
    assert.ok(drawn > 5 && drawn < 1500, `${drawn} elements of ${key} are drawn`);
    console.log(`${key}: longest frame ${opened} ms opening, ${scrolled} ms scrolling, ${drawn} elements drawn`);
  }
  // The right ones are there, at the end and in the middle.
  await openKey(page, "list");
  await page.fill(".go-to input", "-1");
  await page.press(".go-to input", "Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".cell-value")].at(-1)?.textContent === "999999");
  await openKey(page, "zset");
  await page.fill(".go-to input", "m654321");
  await page.press(".go-to input", "Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".rung .strong")].some((rung) => rung.textContent === "m654321"));
  assert.deepEqual(problems, []);
  await page.close();
});

/** Draws the lower pane of a telephone down to where it shows least. */
async function lowerTheSheet(page) {
  while ((await page.locator(".panes").getAttribute("data-sheet")) !== "peek") await page.click(".sheet-handle");
}

/** Enters a line and forgets it: a line of a megabyte is nothing to look at. */
async function put(page, line) {
  await say(page, line);
  await enter(page, "clear");
}

/** Scrolls the opened value to its end, a hundredth at a time. */
async function scrollThrough(page) {
  await page.evaluate(async () => {
    const scroller = document.querySelector(".value .scroller");
    const across = scroller.classList.contains("across");
    for (let step = 1; step <= 100; step++) {
      const to = ((across ? scroller.scrollWidth : scroller.scrollHeight) * step) / 100;
      if (across) scroller.scrollLeft = to;
      else scroller.scrollTop = to;
      await new Promise(requestAnimationFrame);
    }
  });
}

/** The longest frame while something is done, in milliseconds. */
async function frames(page, doing) {
  await page.evaluate(() => {
    window.watched = { longest: 0, on: true };
    let last;
    const beat = (now) => {
      if (last !== undefined) window.watched.longest = Math.max(window.watched.longest, now - last);
      last = now;
      if (window.watched.on) requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  });
  await doing();
  return page.evaluate(() => {
    window.watched.on = false;
    return Math.round(window.watched.longest);
  });
}
