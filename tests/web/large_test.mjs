// The page before 10^5 trials of 20 parameters (a made-up study; fake_api.mjs): what it shows is right, the document stays small,
// and what an answer takes is printed. Timing decides nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, close, dist, fits, launch, open, pictures, text_of, until } from "./browser.mjs";
import { serve } from "./fake_api.mjs";

const kRows = 100_000;
const browser = await launch();
let server;
before(async () => (server = await serve(dist, kRows)));
after(async () => {
  await browser.close();
  server.close();
});

const rows_in = (page) => page.locator(".grid tbody tr:not(.spacer)").count();
const first_row = (page) => page.locator(".grid tbody tr:not(.spacer)").first();

/** Milliseconds until the count beside "Trials" is another one, in the page's own clock, from when the address was changed. */
async function answer_ms(page, hash) {
  return page.evaluate(async (hash) => {
    const count = () => document.querySelector("#trials .hint").textContent;
    const before = count();
    const begin = performance.now();
    location.hash = hash;
    while (count() === before) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (performance.now() - begin > 30_000) throw new Error("no answer");
    }
    return performance.now() - begin;
  }, hash);
}

test("the table of 100 000 trials scrolls, sorts and filters with few rows in the document", async () => {
  const begin = Date.now();
  const page = await open(browser, `${server.url}#/study/1`);
  await page.waitForSelector(".grid tbody th");
  console.log(`headline and table after ${Date.now() - begin} ms`);
  assert.match(await text_of(page, "#trials .hint"), /100\s?000 trials/u);

  const grid = page.locator(".grid");
  for (const share of [0.1, 0.5, 0.999, 1]) {
    await grid.evaluate((box, share) => (box.scrollTop = share * box.scrollHeight), share);
    const expected = Math.floor((1 - share) * kRows);
    await until(async () => {
      const numbers = (await page.locator(".grid tbody th").allInnerTexts()).map((text) => parseInt(text, 10));
      return numbers.some((number) => Math.abs(number - expected) <= 60);
    }, `rows near ${expected}`);
    assert.ok((await rows_in(page)) < 300);
  }

  // Sorting and filtering agree with the made-up values.
  const { loss, state } = server.made.columns;
  const lr = server.made.values[0];
  await page.locator(".grid thead button", { hasText: /^loss/ }).click();
  const best = loss.reduce((best, value, i) => (value < loss[best] || Number.isNaN(loss[best]) ? i : best), 0);
  await until(async () => parseInt(await first_row(page).locator("th").innerText(), 10) === best, `trial ${best} first`);
  await page.locator(".grid thead button", { hasText: /^loss/ }).click();
  const worst = loss.reduce((worst, value, i) => (value > loss[worst] || Number.isNaN(loss[worst]) ? i : worst), 0);
  await until(async () => parseInt(await first_row(page).locator("th").innerText(), 10) === worst, `trial ${worst} first`);

  const passing = loss.filter((_, i) => lr[i] < 1e-3 && state[i] === 3).length;
  await page.fill("#filter", "lr < 1e-3 and state = complete");
  const shown = async () => (await text_of(page, "#trials .hint")).replace(/\D+of.*/u, "").replace(/\D/gu, "");
  await until(async () => (await shown()) === String(passing), `${passing} trials`);
  assert.ok((await rows_in(page)) < 300);
  assert.match(decodeURIComponent(page.url()), /filter=lr\+<\+1e-3\+and\+state\+=\+complete/);
  await fits(page, "100 000 trials at 1280");
  await close(page);
});

test("what the page computes from 100 000 trials, in milliseconds", async () => {
  const page = await open(browser, `${server.url}#/study/1`);
  await page.waitForSelector(".grid tbody th");
  const counts = new Set();
  for (const [what, filter] of [["a comparison", "lr < 1e-3"], ["three tests", "lr < 1e-3 and state = complete and optimizer in (adam, sgd)"], ["nothing", ""]]) {
    const ms = await answer_ms(page, `#/study/1${filter === "" ? "" : `?filter=${encodeURIComponent(filter)}`}`);
    const count = await text_of(page, "#trials .hint");
    counts.add(count);
    console.log(`filter by ${what}: ${count} after ${ms.toFixed(0)} ms`);
  }
  assert.equal(counts.size, 3);
  await close(page);
});

test("the views fit and are accessible at 400, 1280 and 2560 pixels, light and dark", async () => {
  const faults = [];
  const server = await serve(dist, 500); // what fits does not depend on how many trials there are, what axe takes does
  for (const width of [400, 1280, 2560]) {
    for (const scheme of ["light", "dark"]) {
      for (const [name, hash] of [["studies", "#/"], ["study", "#/study/1"], ["trial", "#/study/1?trial=99"], ["compare", "#/study/1?compare=3+7+9"]]) {
        const page = await open(browser, server.url + hash, { width, scheme, height: width === 400 ? 800 : 1000 });
        const awaited = { studies: ".studies td .spark, .studies td", study: ".grid tbody th", trial: ".beside canvas", compare: ".beside .compared td" }[name];
        await page.waitForSelector(awaited);
        const what = `${name} at ${width}, ${scheme}`;
        for (const look of [fits, accessible]) await look(page, what).catch((fault) => faults.push(fault.message));
        await page.screenshot({ path: `${pictures}/large-${name}-${width}-${scheme}.png` });
        await close(page);
      }
    }
  }
  server.close();
  assert.deepEqual(faults, [], faults.join("\n"));
});
