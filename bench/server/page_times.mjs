// How long a page takes in Chromium until it paints something, and until it shows what it was opened for.
//
//   node page_times.mjs ADDRESS TEXT LIMIT_S [PICTURE]
//
// TEXT is looked for in the text that the page shows. Prints {"paint_ms": …, "shown_ms": …}, both since the address was opened; without
// "shown_ms" where it had not come within the limit. PICTURE: a file for what the page looked like then. The browser's start does not count.
import { writeFileSync } from "node:fs";
import { launch } from "../../tests/web/browser.mjs";

const [address, text, limit_s, picture] = process.argv.slice(2);
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const limit_ms = Number(limit_s) * 1000;
page.setDefaultTimeout(limit_ms);
const began = Date.now();
await page.goto(address, { waitUntil: "commit" });
const times = {};
try {
  await page.waitForFunction((text) => document.body?.innerText.includes(text), text, { polling: 50, timeout: limit_ms });
  times.shown_ms = Date.now() - began;
} catch (error) {
  times.failed = String(error.message).split("\n")[0];
}
try {
  times.paint_ms = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  if (picture) writeFileSync(picture, await page.screenshot({ timeout: 30_000 }));
} catch (error) {
  times.failed ??= String(error.message).split("\n")[0];
}
console.log(JSON.stringify(times));
await browser.close();
