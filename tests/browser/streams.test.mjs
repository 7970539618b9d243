// Streams in their panel: who has which entry after every step, two thousand pending ones at once, and nobody barred.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { test } from "node:test";
import { LANGUAGES, SIZES, barriers, enter, say, screenshot, soon, stage } from "./harness.mjs";

const { visit } = stage("streams");


/** What the panel draws as pending in a group: `ID owner ×deliveries`, in the order of the IDs. */
const drawn = (page, group) =>
  page.locator(`.delivery[data-group="${group}"]`).evaluateAll((chips) =>
    chips.map(({ dataset, children }) => `${dataset.id} ${dataset.owner} ${children[1].textContent.trim()}`).sort(),
  );

/** The same as XPENDING answers it. */
async function answered(page, key, group) {
  const reply = await say(page, `XPENDING ${key} ${group} - + 100`);
  const entries = reply.matchAll(/1\) "(\d+-\d+)"\s+2\) "(\w+)"\s+3\) \(integer\) \d+\s+4\) \(integer\) (\d+)/g);
  return [...entries].map(([, id, owner, count]) => `${id} ${owner} ×${count}`).sort();
}

const chip = (page, id) => page.locator(`.delivery[data-id="${id}"]`).first();

/** A stream with two groups, of which one has everything that can be seen in a panel. */
const SETTING = [
  ...[1, 2, 3, 4, 5, 6, 7].map((n) => `XADD jobs ${n}-0 task resize image ${n}`),
  "XGROUP CREATE jobs workers 0",
  "XGROUP CREATE jobs audit $",
  "XREADGROUP GROUP workers ann COUNT 3 STREAMS jobs >",
  "XREADGROUP GROUP workers bob COUNT 2 STREAMS jobs >",
];

test("the panel has the owner of every pending entry, after every step", async () => {
  const { page, problems } = await visit("#/lab/single");
  for (const line of SETTING) await say(page, line);
  const agrees = async (wanted) => {
    const pending = await answered(page, "jobs", "workers");
    assert.deepEqual(pending, wanted);
    await soon.deepEqual(() => drawn(page, "workers"), wanted);
  };
  await agrees(["1-0 ann ×1", "2-0 ann ×1", "3-0 ann ×1", "4-0 bob ×1", "5-0 bob ×1"]);
  await soon.match(() => page.locator(".shelf.group").nth(1).innerText(), /workers.*5-0.*2.*5/s);
  await soon.equal(() => page.locator(".shelf.group [role=meter]").nth(2).getAttribute("aria-valuenow"), "2");
  await soon.match(() => page.locator(".stream-facts").innerText(), /7 entries.*last-generated-id 7-0/s);
  await soon.match(() => page.locator(".pack-name").first().innerText(), /7 live · 0 deleted · \d+ bytes/);

  assert.equal(await say(page, "XACK jobs workers 1-0"), "(integer) 1");
  await agrees(["2-0 ann ×1", "3-0 ann ×1", "4-0 bob ×1", "5-0 bob ×1"]);

  await enter(page, "!advance 20s");
  await soon.equal(() => chip(page, "4-0").locator(".delivery-idle").innerText(), "00:20");
  await say(page, "XCLAIM jobs workers ann 10000 4-0");
  await agrees(["2-0 ann ×1", "3-0 ann ×1", "4-0 ann ×2", "5-0 bob ×1"]);
  await soon.equal(() => chip(page, "4-0").locator(".delivery-note").innerText(), "← bob");
  await soon.equal(() => chip(page, "4-0").locator(".delivery-idle").innerText(), "00:00");

  await say(page, "XAUTOCLAIM jobs workers carl 10000 0 COUNT 2");
  await agrees(["2-0 carl ×2", "3-0 carl ×2", "4-0 ann ×2", "5-0 bob ×1"]);
  await soon.equal(() => chip(page, "2-0").locator(".delivery-note").innerText(), "← ann");

  assert.equal(await say(page, "XDEL jobs 3-0"), "(integer) 1");
  await agrees(["2-0 carl ×2", "3-0 carl ×2", "4-0 ann ×2", "5-0 bob ×1"]);
  await soon.equal(() => page.locator(".delivery.deleted").count(), 1);
  await soon.equal(() => chip(page, "3-0").locator(".delivery-note").innerText(), "deleted");
  await soon.match(() => page.locator(".pack-name").first().innerText(), /6 live · 1 deleted/);
  assert.equal(await say(page, "XACK jobs workers 3-0"), "(integer) 1");
  await agrees(["2-0 carl ×2", "4-0 ann ×2", "5-0 bob ×1"]);

  await say(page, "XGROUP DELCONSUMER jobs workers carl");
  await agrees(["4-0 ann ×2", "5-0 bob ×1"]);

  // Back in time, the entry is where it was.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Home");
  await soon.equal(() => page.locator(".delivery").count(), 0);
  assert.deepEqual(problems, []);
  await page.close();
});

test("entries travel from the lane into a tray, and not for who wants no motion", async () => {
  const { page, problems } = await visit("#/lab/single");
  for (const line of SETTING.slice(0, 9)) await say(page, line);
  const seen = () =>
    page.evaluate(async () => {
      const places = [];
      for (let frame = 0; frame < 90; frame++) {
        const mover = document.querySelector(".mover");
        if (mover?.style.transform) places.push(mover.style.transform);
        await new Promise(requestAnimationFrame);
      }
      return new Set(places).size;
    });
  const watching = seen();
  await enter(page, SETTING[9]);
  assert.ok((await watching) >= 3, "it was seen at three places or more");
  await soon.equal(() => page.locator(".mover").count(), 0);
  await soon.equal(() => page.locator(".delivery").count(), 3);
  // What has arrived does not set out again when the clock runs.
  await page.evaluate(() => document.activeElement.blur());
  const again = seen();
  await page.keyboard.press("Space");
  assert.equal(await again, 0);
  await page.keyboard.press("Space");
  await page.emulateMedia({ reducedMotion: "reduce" });
  const still = seen();
  await enter(page, SETTING[10]);
  assert.equal(await still, 0);
  await soon.equal(() => page.locator(".delivery").count(), 5);
  assert.deepEqual(problems, []);
  await page.close();
});

test("whatever is opened says what would act on it, and puts it into the terminal without running it", async () => {
  const { page, problems } = await visit("#/lab/single");
  for (const line of SETTING) await say(page, line);
  const exchanges = await page.locator(".exchange").count();
  const details = () => page.locator(".stream-details").innerText();
  const command = (start) => page.locator(`.stream-details .insertion[title^="${start}"]`);
  await chip(page, "4-0").click();
  await soon.match(() => details(), /4-0.*image.*bob.*×1.*workers → bob ×1/s);
  await command("XCLAIM").click();
  await soon.equal(() => page.inputValue("#command"), "XCLAIM jobs workers ann 0 4-0");
  await page.click(".shelf.consumer .shelf-name >> nth=0");
  await soon.match(() => details(), /ann/);
  await command("XREADGROUP").first().click();
  await soon.equal(() => page.inputValue("#command"), "XREADGROUP GROUP workers ann COUNT 1 STREAMS jobs >");
  await page.click(".shelf.group .shelf-name >> nth=1");
  await command("XGROUP SETID").click();
  await soon.equal(() => page.inputValue("#command"), "XGROUP SETID jobs workers 0");
  await page.focus(".stream-entry >> nth=0");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await soon.match(() => details(), /2-0/);
  await page.keyboard.press("Escape");
  await soon.equal(() => page.locator(".stream-details").count(), 0);
  assert.equal(await page.locator(".exchange").count(), exchanges);
  // A stream that is opened among the keys leads here.
  await page.click("[data-tab=keyspace]");
  await page.click(".key-button:text-is('jobs')");
  await page.click(".value-tools .button");
  await soon.equal(() => page.locator("[role=tab][aria-selected=true]").getAttribute("data-tab"), "streams");
  assert.deepEqual(problems, []);
  await page.close();
});

test("groups and consumers fold, and the clock can be set back", async () => {
  const { page, problems } = await visit("#/lab/single");
  for (const line of SETTING) await say(page, line);
  const fold = (name) => page.locator(`.fold[aria-label$="${name}"]`);
  await soon.equal(() => page.locator(".delivery").count(), 5);
  await fold("ann").click();
  await soon.equal(() => fold("ann").getAttribute("aria-expanded"), "false");
  await soon.deepEqual(() => drawn(page, "workers"), ["4-0 bob ×1", "5-0 bob ×1"]);
  await fold("workers").click();
  await soon.equal(() => page.locator(".delivery").count(), 0);
  assert.equal(await page.locator(".shelf.consumer").count(), 0);
  for (const name of ["workers", "ann"]) await fold(name).click();
  await soon.equal(() => page.locator(".delivery").count(), 5);

  // IDs go on behind the last one, whatever the clock says.
  await enter(page, "!advance 20s");
  const id = /^"(\d+)-0"$/.exec(await say(page, "XADD jobs * task mail"));
  await page.click("#clock-back");
  await soon.match(() => page.locator(".stream-facts").innerText(), /00:00:1\d/);
  assert.equal(await say(page, "XADD jobs * task mail"), `"${id[1]}-1"`);
  assert.deepEqual(problems, []);
  await page.close();
});

test("on a telephone what is pending has its commands at its side", async () => {
  const { page, problems } = await visit("#/lab/single", SIZES[0]);
  for (const line of SETTING) await say(page, line);
  await lower(page);
  await page.click('.tray-rows .insertion[title="XACK jobs workers 1-0"]');
  await soon.equal(() => page.inputValue("#command"), "XACK jobs workers 1-0");
  await page.press("#command", "Enter");
  await lower(page);
  await soon.equal(() => chip(page, "1-0").count(), 0);
  await page.click('.tray-rows .insertion[title="XCLAIM jobs workers bob 0 2-0"]');
  await page.press("#command", "Enter");
  await lower(page);
  await soon.equal(() => chip(page, "2-0").getAttribute("data-owner"), "bob");
  assert.deepEqual(problems, []);
  await page.close();
});

test("where there are several nodes, a command says which it is for", async () => {
  const { page, problems } = await visit("#/lab/3-masters");
  await page.click(".streams .empty .insertion");
  await soon.match(() => page.inputValue("#command"), /^@\S+ XADD jobs /);
  assert.deepEqual(problems, []);
  await page.close();
});

/** On a telephone, leaves the most room to the panel. */
async function lower(page) {
  while ((await page.locator(".panes").getAttribute("data-sheet")) !== "peek") await page.click(".sheet-handle");
}

/** A link to a world in which twenty consumers have a hundred entries pending each. */
function crowd() {
  const lines = ["!scenario single", "!seed 7"];
  const act = (line) => lines.push(`@M#2> ${line}`);
  for (let n = 1; n <= 2000; n++) act(`XADD jobs ${n}-0 task resize image ${n}`);
  act("XGROUP CREATE jobs workers 0");
  for (let n = 10; n < 30; n++) act(`XREADGROUP GROUP workers w${n} COUNT 100 STREAMS jobs >`);
  lines.push("!advance 5s", "");
  return `#v1.${deflateRawSync(Buffer.from(lines.join("\n"))).toString("base64url")}`;
}

test("two thousand pending entries are scrolled through while their clocks run", async (t) => {
  const { page, problems } = await visit(crowd());
  await soon.match(() => page.locator(".shelf.group").innerText(), /workers.*2,000/s);
  assert.ok((await page.locator(".delivery").count()) < 400, "what is out of sight is not drawn");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Space");
  const times = await page.evaluate(async () => {
    const scroller = document.querySelector(".shelves");
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let frame = 0; frame < 300; frame++) {
      scroller.scrollTop = (scroller.scrollHeight * frame) / 300;
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b);
  });
  await page.keyboard.press("Space");
  const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(1);
  t.diagnostic(`frames while scrolling: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
  await soon.equal(() => page.locator(`.delivery[data-owner="w29"]`).last().getAttribute("data-id"), "2000-0");
  await screenshot(page, "streams-crowd");
  assert.deepEqual(problems, []);
  await page.close();
});

for (const language of LANGUAGES) {
  for (const size of [SIZES[0], SIZES[2]]) {
    for (const colorScheme of ["light", "dark"]) {
      test(`it fits and bars nobody: ${language}-${size.width}-${colorScheme}`, async () => {
        const { page, problems } = await visit(`?lang=${language}#/lab/single`, size);
        await page.emulateMedia({ colorScheme });
        const lines = ["!advance 12s", "XCLAIM jobs workers ann 0 4-0", "XDEL jobs 3-0", "XADD jobs * task mail to ada@example.org"];
        for (const line of SETTING) await say(page, line);
        for (const line of lines) await enter(page, line);
        if (size.width < 640) await lower(page);
        await soon.match(() => page.locator(".stream-facts").innerText(), /7 (entries|个条目)/);
        const check = async (name) => {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= size.width, `${name} is ${wide} pixels wide`);
          const cut = await page.evaluate(() => {
            const isCut = (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "visible";
            return [...document.querySelectorAll(".streams button, .streams dt, .streams dd, .streams th")].filter(isCut).map((e) => e.outerHTML.slice(0, 120));
          });
          assert.deepEqual(cut, [], name);
          assert.deepEqual(await barriers(page), [], name);
          await screenshot(page, `streams-${name}-${language}-${size.width}-${colorScheme}`);
        };
        await check("figure");
        await chip(page, "4-0").click();
        await check("details");
        await page.keyboard.press("Escape");
        await page.evaluate(() => document.activeElement.blur());
        await page.keyboard.press("t");
        await soon.match(() => page.locator(".pending-row").nth(4).innerText(), /4-0\s+workers\s+ann/);
        await check("pending");
        await page.click(".streams-main .value-tools .button >> nth=1");
        await soon.match(() => page.locator(".streams .table").innerText(), /workers.*ann/s);
        await check("groups");
        await page.click(".streams-main .value-tools .button >> nth=2");
        await soon.match(() => page.locator(".entry-row").nth(1).innerText(), /1-0\s+task resize, image 1/);
        await check("entries");
        assert.deepEqual(problems, []);
        await page.close();
      });
    }
  }
}
