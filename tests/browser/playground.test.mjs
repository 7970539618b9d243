// The playground at work: the main path by keyboard alone, panels, time, sharing, other people's pages, frames.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, SIZES, barriers, open, say, screenshot, soon, stage } from "./harness.mjs";

const staged = stage();
const { visit } = staged;

const LAB = "#/lab/3-masters";
const SINGLE = "#/lab/single";

test("the terminal prints as redis-cli does", async () => {
  const { page, problems } = await visit(SINGLE);
  assert.equal(await say(page, "SET k 'hello world'"), "OK");
  assert.equal(await say(page, "GET k"), '"hello world"');
  assert.equal(await say(page, "GET missing"), "(nil)");
  assert.equal(await say(page, "RPUSH l a b"), "(integer) 2");
  assert.equal(await say(page, "LRANGE l 0 -1"), '1) "a"\n2) "b"');
  assert.match(await say(page, "INCR k"), /^\(error\) ERR value is not an integer/);
  assert.equal(await say(page, "redis-cli -h 172.50.0.11 -p 6371 ECHO pasted"), '"pasted"');
  await page.click("button[title='RESP3 (-3)']");
  assert.equal(await say(page, "HSET h f v"), "(integer) 1");
  assert.equal(await say(page, "HGETALL h"), '1# "f" => "v"');
  assert.equal(await say(page, "MULTI"), "OK");
  await soon.match(() => page.locator(".terminal-input .prompt").innerText(), /\(TX\)>/);
  assert.deepEqual(problems, []);
  await page.close();
});

test("the main path needs no pointer", async () => {
  const { page, problems } = await visit(LAB);
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
  await page.keyboard.press("/");
  await soon.equal(() => focused(), "command");
  await page.keyboard.type("@C-M set foo b");
  await page.keyboard.press("Home");
  await page.keyboard.press("End");
  await page.keyboard.type("ar");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".exchange pre:last-child")?.textContent === "OK");
  // Completion offers the key that is there now, and Tab takes it.
  await page.keyboard.type("@C-M get f");
  await page.waitForSelector(".chip");
  await page.keyboard.press("Tab");
  await soon.equal(() => page.inputValue("#command"), "@C-M get foo ");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".exchange pre")].at(-1)?.textContent === '"bar"');
  // With nothing to complete, Tab leaves the terminal.
  await page.keyboard.press("Tab");
  await soon.notEqual(() => focused(), "command");
  // F6 goes from pane to pane, arrows from tab to tab.
  await page.locator("#command").focus();
  for (let times = 0; times < 5; times++) await page.keyboard.press("F6");
  await soon.equal(() => focused(), "command");
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("3");
  await soon.equal(() => page.locator("[role=tab][aria-selected=true]").getAttribute("data-tab"), "slots");
  await page.locator(".slot-map").focus();
  await page.keyboard.press("ArrowDown");
  await soon.match(() => page.locator("#slot-said").textContent(), /^Slot 128: A-M/);
  await page.keyboard.press("t");
  await soon.equal(() => page.locator(".slot-map").count(), 0);
  // Faults: to the node's buttons, and kill it.
  await page.keyboard.press("f");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".inspector .badge").textContent === "down");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.deepEqual(problems, []);
  await page.close();
});

test("time goes forth and back, and another way from the past", async () => {
  const { page, problems } = await visit(SINGLE);
  await page.fill("#command", "!advance 100ms");
  await page.press("#command", "Enter");
  await say(page, "SET a 1");
  await say(page, "SET a 2");
  const clock = () => page.locator(".clock").innerText();
  const end = await clock();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press(",");
  await soon.notEqual(() => clock(), end);
  await page.keyboard.press("Home");
  await soon.match(() => clock(), /00:00\.000/);
  await soon.equal(() => page.locator(".exchange .typed").count(), 0);
  assert.equal(await say(page, "GET a"), "(nil)");
  await soon.equal(() => page.locator(".transport select option").count(), 2);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Space");
  await page.waitForFunction(() => document.querySelector(".clock").textContent > "t = 00:00.300");
  await page.keyboard.press("Space");
  assert.deepEqual(problems, []);
  await page.close();
});

test("cut links, killed nodes and redirections are drawn as they are", async () => {
  const { page, problems } = await visit(LAB);
  assert.match(await say(page, "GET foo"), /MOVED 12182 172\.50\.0\.13:6373/);
  await page.click("button[title='Follow MOVED (-c)']");
  assert.equal(await say(page, "GET foo"), "(nil)");
  await soon.match(() => page.locator(".exchange .note").last().innerText(), /Redirected to slot \[12182\]/);
  await page.fill("#command", "!cut A-M B-M");
  await page.press("#command", "Enter");
  await page.waitForSelector(".cut-mark");
  await page.fill("#command", "!pause B-M");
  await page.press("#command", "Enter");
  await page.waitForSelector(".node.paused");
  await page.fill("#command", "!kill B-M");
  await page.press("#command", "Enter");
  await page.waitForSelector(".node.down");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("t");
  await soon.match(() => page.locator(".stage-body table").first().innerText(), /B-M.*down/);
  assert.deepEqual(problems, []);
  await page.close();
});

test("a link holds the experiment", async () => {
  const { page } = await visit(LAB);
  for (let n = 0; n < 40; n++) {
    await page.fill("#command", n % 8 === 7 ? "!advance 1s" : `@${"ABC"[n % 3]}-M SET user:${n * 37} value-${n * n}`);
    await page.press("#command", "Enter");
  }
  await page.waitForFunction(() => !document.querySelector(".exchange .waiting"));
  await page.click("button[aria-label=Share]");
  const link = await page.inputValue("#share-link");
  const hash = (from) => from.evaluate(() => document.querySelector(".banner")?.textContent.match(/trace (\w+)/)?.[1]);
  assert.ok(link.split("#")[1].length <= 700, `${link.split("#")[1].length} characters`);
  await page.close();
  const hashes = [];
  for (let times = 0; times < 2; times++) {
    const opened = await open(staged.browser.context, link);
    await opened.page.waitForSelector(".banner");
    hashes.push(await hash(opened.page));
    assert.deepEqual(opened.problems, []);
    await opened.page.close();
  }
  assert.ok(hashes[0]);
  assert.equal(hashes[0], hashes[1]);
  // The server's program plays the same experiment, in which five of the lines only let time pass.
  const { stdout } = await promisify(execFile)(process.env.KVARIUM, ["replay", "--quiet", link]);
  assert.match(stdout, new RegExp(`35 actions.*trace ${hashes[0]}\n$`));
});

test("a damaged link says so", async () => {
  const { page } = await visit("#v1.AAAA");
  await soon.match(() => page.locator(".banner").innerText(), /can't be played/);
  await page.close();
});

for (const language of LANGUAGES) {
  for (const size of SIZES) {
    test(`every panel fits, and bars nobody: ${language}-${size.width}`, async () => {
      const { page, problems } = await visit(`?lang=${language}${LAB}`, size);
      await say(page, "@A-M SET {b}:1001:profile:with-a-rather-long-name 'x' EX 1000");
      for (const tab of await page.locator("[data-tab]:visible").all()) {
        await tab.click();
        const name = await tab.getAttribute("data-tab");
        if (name === "slots") await page.fill("#slot-key", "{user:42}:cart");
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= size.width, `${name} is ${wide} pixels wide`);
        assert.deepEqual(await barriers(page), [], name);
        await screenshot(page, `lab-${name}-${language}-${size.width}`);
      }
      const cut = await page.evaluate(() => {
        const isCut = (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "visible";
        return [...document.querySelectorAll("button, .badge, .pane-title, th, dt, dd")].filter(isCut).map((e) => e.outerHTML.slice(0, 90));
      });
      assert.deepEqual(cut, []);
      assert.deepEqual(problems, []);
      await page.close();
    });
  }
}

test("elements of another page share one module, and say where the engine differs", async () => {
  const page = await staged.browser.context.newPage();
  const [modules, problems] = [[], []];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => /\.wasm$/.test(request.url()) && modules.push(request.url()));
  await page.goto(`${staged.host.url}embed.html`);
  await page.waitForFunction(() => customElements.get("kvarium-lab"));
  assert.deepEqual(await barriers(page), []);
  assert.equal(modules.length, 0);
  for (const id of ["first", "second", "third"]) {
    await page.evaluate((id) => document.getElementById(id).start(), id);
  }
  assert.equal(modules.length, 1);
  assert.deepEqual(await barriers(page), []);
  const said = await page.evaluate(async () => {
    const first = document.getElementById("first");
    const verdicts = [...first.shadowRoot.querySelectorAll(".line:not(.command)")].map((line) => line.className);
    const failed = await first.run("INCR greeting").catch((error) => error.message);
    const other = document.getElementById("third").state("nodes.0.keys");
    return { verdicts, failed, n: await first.run("INCR n"), other, script: first.export() };
  });
  assert.deepEqual(said.verdicts, ["line same", "line same", "line same", "line different"]);
  assert.match(said.failed, /not an integer/);
  assert.equal(said.n, 1);
  assert.equal(said.other, 0);
  assert.match(said.script, /^!scenario single/);
  assert.deepEqual(problems, []);
  await page.close();
});

test("nothing moves for who asked for that", async () => {
  const { page } = await visit(LAB);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await say(page, "GET foo");
  await soon.equal(() => page.locator(".capsule").count(), 0);
  await page.close();
});

test("a million writes go through the engine, and how long frames get meanwhile", { timeout: 180_000 }, async () => {
  const run = await fill();
  console.log(`1,000,000 SETs: ${Math.round(run.took)} ms, longest of ${run.count} frames ${Math.round(run.longest)} ms`);
  assert.ok(run.done);
});

/** Starts a workload of a million writes; how long it took, and the longest frame meanwhile. */
async function fill() {
  const { page, problems } = await visit(SINGLE);
  await page.click("[data-tab=clients]");
  await page.fill("#command", "!load fill rate=max keys=1000000 dist=seq read=0 count=1000000 pipeline=512");
  await page.press("#command", "Enter");
  const run = await page.evaluate(async () => {
    const frames = [];
    let last;
    let on = true;
    const beat = (now) => {
      if (last !== undefined) frames.push(now - last);
      last = now;
      if (on) requestAnimationFrame(beat);
    };
    document.querySelector(".play").click();
    const start = performance.now();
    requestAnimationFrame(beat);
    const done = () => document.querySelector(".inspector .facts").textContent.includes("1,000,000");
    while (!done() && performance.now() - start < 50_000) await new Promise((resolve) => setTimeout(resolve, 50));
    on = false;
    return { took: performance.now() - start, longest: Math.max(...frames), count: frames.length, done: done() };
  });
  assert.deepEqual(problems, []);
  await page.close();
  return run;
}
