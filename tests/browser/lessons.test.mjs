// Lessons, played through the page's own controls from their first step to their last, in both languages and sizes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, barriers, enter, open, say, screenshot, soon, stage, startBrowser } from "./harness.mjs";

const staged = stage();

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1440, height: 900 };

/** Opens a lesson that nobody has begun yet. */
async function begin(id, { language = "en", size = DESKTOP, theme = "light", context = staged.browser.context } = {}) {
  const { page, problems } = await open(context, `${staged.host.url}?lang=${language}#/learn/${id}`, size);
  page.setDefaultTimeout(15_000);
  await page.emulateMedia({ colorScheme: theme });
  await page.waitForSelector("#lesson");
  await page.click("#reset-lesson");
  return { page, problems };
}

/** On a telephone lesson and terminal take turns. */
async function show(page, pane) {
  const choice = page.locator(`.lower-choice button:visible`);
  if ((await choice.count()) > 0) await choice.nth(pane === "lesson" ? 0 : 1).click();
}

/** How far the lower pane of a telephone is drawn up. */
async function sheet(page, stop) {
  const handle = page.locator(".sheet-handle:visible");
  if ((await handle.count()) === 0) return;
  while ((await page.locator(".panes").getAttribute("data-sheet")) !== stop) await handle.click();
}

async function type(page, line) {
  await show(page, "terminal");
  const reply = await say(page, line);
  await show(page, "lesson");
  return reply;
}

async function act(page, line) {
  await show(page, "terminal");
  await enter(page, line);
  await show(page, "lesson");
}

async function predict(page, option) {
  await page.locator(".ask input").nth(option).check();
  await page.click("#lock");
  await soon.equal(() => page.locator("#lock").count(), 0);
}

/** An answer, unlike a prediction, may be given again. */
async function answer(page, option, wanted) {
  await page.locator(".ask input").nth(option).check();
  await page.click("#lock");
  await soon.match(() => said(page), wanted);
}

const reached = (page, goal) => soon.equal(() => page.locator(`[data-goal=${goal}]`).getAttribute("data-reached"), "true");
const next = (page) => page.click(".lesson-foot .next");
const lack = (page) => page.locator("#lack").innerText();
const said = (page) => page.locator(".ask .said").innerText();

/** Nothing is wider than the screen, and nobody is barred. */
async function fits(page, width) {
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
  assert.deepEqual(await barriers(page), []);
}

/** Every step of L01, looked at on the way. */
async function play(page, look) {
  await soon.match(() => lack(page), /SET …/);
  await look("set");
  // The last hint goes into the terminal, and is not run.
  for (let hint = 0; hint < 3; hint++) await page.click("#hint");
  await page.click("#insert");
  await soon.equal(() => page.inputValue("#command"), "SET greeting hello");
  assert.equal(await page.locator(".exchange .typed").count(), 0);
  await page.press("#command", "Enter");
  await soon.equal(() => page.locator(".exchange pre").last().innerText(), "OK");
  await show(page, "lesson");
  assert.equal(await type(page, "GET greeting"), '"hello"');
  await reached(page, "set");
  await next(page);

  await predict(page, 1);
  assert.equal(await type(page, "EXISTS greeting"), "(integer) 1");
  await type(page, "DEL greeting");
  await type(page, "GET greeting");
  await reached(page, "del");
  await soon.match(() => said(page), /(empty string|空字符串)[\s\S]*nil/);
  await look("del");
  await next(page);

  const values = ["SET name kvarium", "RPUSH tasks wash dry", "SADD tags red blue", "ZADD board 3 Tom 5 Ann"];
  for (const line of [...values, "HSET user name Ann age 30"]) await type(page, line);
  for (const key of ["name", "tasks", "tags", "board"]) await type(page, `TYPE ${key}`);
  await soon.match(() => lack(page), /hash/);
  await look("types");
  await type(page, "TYPE user");
  await reached(page, "types");
  await next(page);

  // Run too early, it has to be run once more.
  await type(page, "TTL tasks");
  await predict(page, 2);
  await soon.match(() => lack(page), /TTL …/);
  assert.equal(await type(page, "TTL tasks"), "(integer) -1");
  await type(page, "EXPIRE name 10");
  await type(page, "TTL name");
  await reached(page, "ttl");
  await soon.match(() => said(page), /-2[\s\S]*-1/);
  await look("ttl");
  await next(page);

  await act(page, "!advance 11s");
  assert.equal(await type(page, "TTL name"), "(integer) -2");
  await reached(page, "expire");
  await next(page);

  await predict(page, 0);
  assert.match(await type(page, "GET tasks"), /WRONGTYPE/);
  assert.match(await type(page, "LRANGE tasks 0 -1"), /"wash"/);
  await reached(page, "wrongtype");
  await soon.match(() => said(page), /(whole|完好无损)[\s\S]*(whole|完好无损)/);
  await soon.equal(() => page.locator(".dot.done").count(), 6);
  await look("end");
}

/** Who has what, `ID owner ×deliveries`: as the panel draws it, and as XPENDING answers in the terminal. */
async function owners(page, group) {
  const reply = await type(page, `XPENDING jobs ${group} - + 100`);
  const entries = reply.matchAll(/1\) "(\d+-\d+)"\s+2\) "(\w+)"\s+3\) \(integer\) \d+\s+4\) \(integer\) (\d+)/g);
  const answered = [...entries].map(([, id, owner, count]) => `${id} ${owner} ×${count}`).sort();
  await page.click("[data-tab=streams]");
  await sheet(page, "peek");
  const drawn = (chips) => chips.map(({ dataset, children }) => `${dataset.id} ${dataset.owner} ${children[1].textContent.trim()}`).sort();
  await soon.deepEqual(() => page.locator(`.delivery[data-group="${group}"]`).evaluateAll(drawn), answered);
  await sheet(page, "half");
  return answered;
}

/** Every step of L11; what is pending is compared after each line. */
async function playGroups(page, look) {
  const crew = async (...wanted) => assert.deepEqual(await owners(page, "crew"), wanted);
  /** Lets a worker crash, or start again, by its button. */
  const press = async (worker) => {
    await page.click("[data-tab=clients]");
    await page.click(`[data-worker=${worker}] .button`);
  };
  const works = (worker, state) => soon.match(() => page.locator(`[data-worker=${worker}]`).innerText(), state);

  await type(page, "XGROUP CREATE jobs crew 0");
  await type(page, "XGROUP CREATE jobs late $");
  await predict(page, 2);
  assert.equal(await type(page, "XREADGROUP GROUP late zoe STREAMS jobs >"), "(nil)");
  await crew();
  assert.deepEqual(await owners(page, "late"), []);
  await reached(page, "groups");
  await look("groups");
  await next(page);

  await predict(page, 1);
  for (const [consumer, wanted] of [["ann", ["1-1 ann ×1"]], ["bob", ["1-1 ann ×1", "2-1 bob ×1"]]]) {
    await type(page, `XREADGROUP GROUP crew ${consumer} COUNT 1 STREAMS jobs >`);
    await crew(...wanted);
  }
  assert.equal(await type(page, "XACK jobs crew 1-1"), "(integer) 1");
  await crew("2-1 bob ×1");
  assert.equal(await type(page, "XLEN jobs"), "(integer) 3");
  await reached(page, "compete");
  await next(page);

  await predict(page, 0);
  await act(page, "!consume cat stream=jobs group=crew work=60s");
  await act(page, "!advance 1s");
  await crew("2-1 bob ×1", "3-1 cat ×1");
  await press("cat");
  await works("cat", /crashed|崩溃/);
  await crew("2-1 bob ×1", "3-1 cat ×1");
  await reached(page, "crash");
  await look("crash");
  await next(page);

  await press("cat");
  await act(page, "!advance 1s");
  await answer(page, 1, /0/);
  await crew("2-1 bob ×1", "3-1 cat ×2");
  await reached(page, "history");
  await next(page);

  await predict(page, 0);
  await press("cat");
  await act(page, "!advance 5s");
  assert.match(await type(page, "XCLAIM jobs crew ann 5000 3-1"), /iron/);
  await crew("2-1 bob ×1", "3-1 ann ×3");
  assert.equal(await type(page, "XCLAIM jobs crew bob 5000 3-1"), "(empty array)");
  await crew("2-1 bob ×1", "3-1 ann ×3");
  await reached(page, "rescue");
  await soon.equal(() => page.locator('.delivery[data-id="3-1"] .delivery-note').innerText(), "← cat");
  await look("rescue");
  await next(page);

  await predict(page, 1);
  await type(page, "XACK jobs crew 3-1");
  await crew("2-1 bob ×1");
  await type(page, "XADD jobs 4-1 job bad");
  await act(page, "!consume dan stream=jobs group=crew poison=bad");
  await act(page, "!advance 500ms");
  await crew("2-1 bob ×1", "4-1 dan ×1");
  await act(page, "!reap eve stream=jobs group=crew idle=2s poison=bad dead=3:jobs:dead");
  await act(page, "!advance 30s");
  await crew();
  assert.match(await type(page, "XRANGE jobs:dead - +"), /bad/);
  await reached(page, "poison");
  await look("poison");
  await next(page);

  await predict(page, 1);
  for (const worker of ["dan", "eve"]) await act(page, `!stop ${worker}`);
  await act(page, "!advance 3s");
  await page.click("[data-tab=clients]");
  for (const worker of ["dan", "eve"]) await works(worker, /stopped|停/);
  await type(page, "XADD jobs 5-1 job soap");
  await type(page, "XREADGROUP GROUP crew ann STREAMS jobs >");
  await crew("5-1 ann ×1");
  assert.equal(await type(page, "XDEL jobs 5-1"), "(integer) 1");
  await crew("5-1 ann ×1");
  assert.equal(await page.locator(".delivery.deleted").count(), 1);
  await look("ghost");
  // The last hint of the last step ends it.
  for (let hint = 0; hint < 3; hint++) await page.click("#hint");
  await page.click("#insert");
  await soon.equal(() => page.inputValue("#command"), "XACK jobs crew 5-1");
  await page.press("#command", "Enter");
  await show(page, "lesson");
  await reached(page, "delete");
  await crew();
  await soon.equal(() => page.locator(".dot.done").count(), 7);
  await look("end");
}

/** The long one in one size for each language. */
const PLAYS = { L01: [play, [PHONE, DESKTOP], [PHONE, DESKTOP]], L11: [playGroups, [DESKTOP], [PHONE]] };

for (const [id, [plays, ...sizes]] of Object.entries(PLAYS)) {
  for (const [at, language] of LANGUAGES.entries()) {
    for (const [number, size] of sizes[at].entries()) {
      const theme = (at + number) % 2 === 0 ? "light" : "dark";
      const name = `lesson-${id}-${language}-${size.width}-${theme}`;
      test(`it is played from start to end: ${name}`, async () => {
        const { page, problems } = await begin(id, { language, size, theme });
        await plays(page, async (step) => {
          await screenshot(page, `${name}-${step}`);
          await fits(page, size.width);
        });
        assert.deepEqual(problems, []);
        await page.close();
      });
    }
  }
}

test("what one has done is there when the page is opened again, and gone after a reset", async () => {
  const first = await begin("L01");
  await type(first.page, "SET a 1");
  await type(first.page, "GET a");
  await reached(first.page, "set");
  await next(first.page);
  await predict(first.page, 0);
  await type(first.page, "DEL a");
  assert.deepEqual(first.problems, []);
  await first.page.close();

  const { page, problems } = await open(staged.browser.context, `${staged.host.url}#/learn`);
  // The list says so, too.
  await soon.match(() => page.locator(".lesson-list").innerText(), /1 of 6/);
  await screenshot(page, "lessons-list");
  await page.click(".lesson-list a");
  await soon.match(() => page.locator(".lesson-body h2").innerText(), /not an error/);
  assert.equal(await page.locator(".ask input:checked").count(), 1);
  await reached(page, "set");
  assert.equal(await page.locator(".exchange .typed").count(), 3);
  assert.equal(await type(page, "GET a"), "(nil)");
  await page.click("#reset-lesson");
  await soon.equal(() => page.locator(".dot.done").count(), 0);
  assert.equal(await page.locator(".exchange .typed").count(), 0);
  assert.deepEqual(problems, []);
  await page.close();

  const last = await open(staged.browser.context, `${staged.host.url}#/learn/L01`);
  await last.page.waitForSelector("#lesson");
  assert.equal(await last.page.locator(".dot.done").count(), 0);
  await last.page.close();
});

test("on a tablet the lesson stands beside stage and terminal", async () => {
  const { page, problems } = await begin("L01", { size: { width: 768, height: 1024 } });
  const isShown = (pane) => page.locator(`.pane-${pane}`).isVisible();
  assert.deepEqual(await Promise.all(["lesson", "stage", "terminal", "events"].map(isShown)), [true, true, true, false]);
  await page.click(".lower .lower-choice .button:visible >> nth=1");
  await soon.equal(() => isShown("events"), true);
  assert.deepEqual([await isShown("lesson"), await isShown("terminal")], [true, false]);
  await screenshot(page, "lesson-768");
  await fits(page, 768);
  assert.deepEqual(problems, []);
  await page.close();
});

test("goals follow the clock, back and forth", async () => {
  const { page, problems } = await begin("L01");
  await type(page, "SET a 1");
  await type(page, "GET a");
  await reached(page, "set");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Home");
  await soon.equal(() => page.locator("[data-goal=set]").getAttribute("data-reached"), "false");
  // It has been done before, and the dot remembers it.
  assert.equal(await page.locator(".dot.done").count(), 1);
  await page.keyboard.press("Space");
  await reached(page, "set");
  await page.keyboard.press("Space");
  assert.deepEqual(problems, []);
  await page.close();
});

test("a lesson needs no pointer", async () => {
  const { page, problems } = await begin("L01");
  await page.evaluate(() => document.activeElement.blur());
  const title = () => page.locator(".lesson-body h2").innerText();
  const first = await title();
  await page.keyboard.press("n");
  await soon.notEqual(title, first);
  await page.keyboard.press("p");
  await soon.equal(title, first);
  for (let hint = 0; hint < 3; hint++) await page.keyboard.press("h");
  await soon.equal(() => page.locator(".hints li").count(), 3);
  await page.keyboard.press("g");
  await soon.equal(() => page.evaluate(() => document.activeElement.id), "goals");
  await page.locator("#insert").focus();
  await page.keyboard.press("Enter");
  await soon.equal(() => page.evaluate(() => document.activeElement.id), "command");
  await page.keyboard.press("Enter");
  await soon.equal(() => page.locator(".exchange pre").last().innerText(), "OK");
  assert.deepEqual(problems, []);
  await page.close();
});

test("a step can be set up by itself", async () => {
  const { page, problems } = await begin("L01");
  await page.locator(".dot").last().click();
  await page.click(".lesson-body > div > .button");
  await soon.deepEqual(() => page.locator(".exchange .typed").allInnerTexts(), ["DEL tasks", "RPUSH tasks wash dry"]);
  await predict(page, 0);
  assert.match(await type(page, "GET tasks"), /WRONGTYPE/);
  await type(page, "LRANGE tasks 0 -1");
  await reached(page, "wrongtype");
  assert.deepEqual(problems, []);
  await page.close();
});

test("a lesson works where nothing may be stored, and says when it can't be loaded", async () => {
  const alone = await startBrowser();
  await alone.context.addInitScript(() =>
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("denied", "SecurityError");
      },
    }),
  );
  const { page, problems } = await begin("L01", { context: alone.context });
  await type(page, "SET a 1");
  await type(page, "GET a");
  await reached(page, "set");
  assert.deepEqual(problems, []);
  await page.route("**/lessons.txt", (route) => route.fulfill({ status: 503 }));
  await page.goto(`${staged.host.url}#/learn`);
  await page.waitForSelector("[role=alert]");
  await page.unroute("**/lessons.txt");
  await page.click("[role=alert] button");
  await page.waitForSelector(".lesson-list a");
  await page.close();
  await alone.close();
});
