// What the tests in a browser share: Chromium, pages that fail a test by any error of theirs, axe, and waiting.
//
// Nothing here decides by time: waiting ends when what is awaited is there, and fails after a limit that no healthy run reaches.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const kSkipped = 77;
export const kLimit_ms = 60_000;
const packages = process.env.HONE_WEB_PACKAGES;
const require_test = createRequire(join(packages, "package.json"));
const axe = readFileSync(join(packages, "node_modules/axe-core/axe.min.js"), "utf8");

export const dist = join(process.env.HONE_WEB_STAGE, "dist");
/** Pictures of the page are left here, to be looked at. */
export const pictures = join(packages, "pictures");

/** Ends the program as skipped where there is no browser. */
export async function launch() {
  const path = process.env.HONE_CHROMIUM;
  if (!path || !existsSync(path)) {
    console.log("skipped: no Chromium was found (Debian: chromium)");
    process.exit(kSkipped);
  }
  mkdirSync(pictures, { recursive: true });
  const { chromium } = require_test("playwright-core");
  // In containers Chromium's own sandbox has no rights to set itself up; the page is ours.
  return chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A page that collects what goes wrong in it: exceptions, and refusals of the content security policy. */
export async function open(browser, url, { width = 1280, height = 900, scheme = "light", reduced = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: reduced ? "reduce" : null, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(kLimit_ms);
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(`exception: ${error.message}\n${error.stack}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) page.faults.push(message.text());
  });
  await page.goto(url);
  return page;
}

export async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** Every rule of axe-core for WCAG 2.2 A and AA and its best practices. */
export async function accessible(page, what) {
  // Through the debugger, which the page's content security policy does not bind.
  await page.evaluate(`(() => { ${axe} })()`);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return result.violations.map((one) => `${one.id} (${one.impact}): ${one.help}\n  ${one.nodes.slice(0, 4).map((node) => `${node.html.slice(0, 160)}\n    ${node.failureSummary.replaceAll("\n", " ")}`).join("\n  ")}`);
  });
  assert.deepEqual(found, [], `${what}: ${found.length} violations\n${found.join("\n")}`);
}

/** Nothing hangs out of the page at its side. */
export async function fits(page, what) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `${what}: the page is ${content} pixels wide, the window ${window}`);
}

/** Waits until `probe` gives something true, and returns it. */
export async function until(probe, what) {
  const end = Date.now() + kLimit_ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The text of the first element that fits, without what only screen readers are told. */
export const text_of = (page, selector) => page.locator(selector).first().innerText();
