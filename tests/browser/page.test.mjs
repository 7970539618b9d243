// The page as a whole: it loads, alone, quickly, for everybody, in every size and language.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LANGUAGES, SIZES, barriers, open, screenshot, startBrowser, startHost, startServer } from "./harness.mjs";

let server, browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

test("loads without an error and asks nobody else for anything", async () => {
  const { page, problems } = await open(browser.context, server.url);
  await page.waitForTimeout(1000);
  assert.deepEqual(problems, []);
  await page.close();
});

test("is ready, and how soon", async () => {
  const { page, problems } = await open(browser.context, server.url);
  console.log(`ready after ${Math.round(await page.evaluate(() => performance.now()))} ms`);
  assert.deepEqual(problems, []);
  await page.close();
});

test("works below a path of a host of plain files", async () => {
  const host = await startHost("/docs/playground/");
  const { page, problems } = await open(browser.context, host.url);
  assert.deepEqual(problems, []);
  await page.close();
  await host.close();
});

for (const language of LANGUAGES) {
  for (const size of SIZES) {
    for (const theme of ["light", "dark"]) {
      const name = `${language}-${size.width}-${theme}`;
      test(`fits, and bars nobody: ${name}`, async () => {
        const { page, problems } = await open(browser.context, `${server.url}?lang=${language}`, size);
        await page.emulateMedia({ colorScheme: theme });
        const { wide, says } = await page.evaluate(() => ({
          wide: document.documentElement.scrollWidth,
          says: document.documentElement.lang,
        }));
        await screenshot(page, name);
        assert.ok(wide <= size.width, `${wide} pixels wide`);
        assert.ok(says.startsWith(language), `the page says its language is ${says}`);
        assert.deepEqual(await barriers(page), []);
        assert.deepEqual(problems, []);
        await page.close();
      });
    }
  }
}
