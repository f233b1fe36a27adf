#!/usr/bin/env node
// Takes docs/images/page.png: the page of hone serve before the study of examples/cxx, which it runs in a scratch folder.
//
//     make -C examples/cxx && build/release/hone version
//     HONE=$PWD/build/release/hone HONE_CHROMIUM=$(command -v chromium) HONE_WEB_STAGE=$PWD/build/release/web \
//       HONE_WEB_PACKAGES=$PWD/build/release/tests/web node docs/images/make_page.mjs
import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { close, launch, open } from "../../tests/web/browser.mjs";
import { Workshop } from "../../tests/web/study.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const browser = await launch();
const shop = new Workshop();
try {
  for (const file of ["train", "study.yaml"]) copyFileSync(join(here, "../../examples/cxx", file), join(shop.folder, file));
  await shop.run("run", "study.yaml", "--quiet");
  const url = await shop.serve();
  const { studies } = await (await fetch(`${url}api/v1/studies`)).json();
  const study = await (await fetch(`${url}api/v1/studies/${studies[0].id}`)).json();
  const page = await open(browser, `${url}#/study/${study.id}?trial=${study.headline.best.trial}`, { width: 1440, height: 960 });
  await page.locator(".beside canvas").first().waitFor();
  await page.waitForLoadState("networkidle", { timeout: 3000 }).catch(() => undefined); // the event stream stays open
  await page.locator(".store").evaluate((element) => element.replaceChildren("~/train/.hone")); // no path of a scratch folder
  await page.screenshot({ path: join(here, "page.png") });
  await close(page);
} finally {
  await browser.close();
  await shop.close();
}
