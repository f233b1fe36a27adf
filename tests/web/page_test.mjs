// The page before the real `hone serve`, a study that runs while it is looked at, and one whose trials wait to be acted upon.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, close, fits, launch, open, pictures, text_of, until } from "./browser.mjs";
import { kMarkup, Workshop } from "./study.mjs";

const browser = await launch();
const shop = new Workshop();
let url = "";
let studies = {};

before(async () => {
  await shop.run("run", "quick.yaml", "--quiet");
  await shop.run("run", "two.yaml", "--quiet");
  shop.start("run", "waiting.yaml", "--quiet");
  ({ url } = await shop.serve());
  await until(async () => {
    for (const row of (await get("studies")).studies) studies[row.name] = row.id;
    return studies.quick !== undefined && studies.two !== undefined && studies.waiting !== undefined;
  }, "all studies");
});
after(async () => {
  await browser.close();
  await shop.close();
});

const get = async (path) => (await fetch(`${url}api/v1/${path}`)).json();
const view = (study, query = "") => `${url}#/study/${studies[study]}${query === "" ? "" : `?${query}`}`;
const count = async (page) => Number((await text_of(page, "#trials .hint")).split(" of ")[0].replace(/\D/gu, ""));
const message = (page, pattern) => page.locator(".message", { hasText: pattern }).first().waitFor();
const trial_of = (number) => get(`studies/${studies.waiting}/trials/${number}`);

test("the list shows every study with its state, best value and course, and leads to it", async () => {
  const page = await open(browser, url);
  const line = page.locator(".studies tbody tr", { hasText: "quick" });
  await line.locator(".spark").waitFor();
  assert.match(await line.innerText(), /finished/);
  const { headline } = await get(`studies/${studies.quick}`);
  assert.ok((await line.innerText()).includes(Number(headline.best.value).toPrecision(3).slice(0, 4)));
  await line.getByRole("link", { name: "quick" }).click();
  await page.waitForSelector(".grid tbody th");
  assert.equal(await text_of(page, "h1"), "quick");
  await page.goBack();
  await page.waitForSelector(".studies");
  await close(page);
});

test("a study that runs is live: what runs, and a trial that somebody else adds, are seen without anybody's doing", async () => {
  const page = await open(browser, view("waiting"));
  await page.waitForSelector(".grid tbody th");
  await until(async () => (await text_of(page, ".state-counts")).match(/2\s*▶?\s*running/u), "two running trials");
  assert.match(await text_of(page, ".connection"), /live/);
  // Another one is asked for elsewhere: it is seen here.
  const before = await count(page);
  await shop.run("enqueue", "waiting", "lr=0.77");
  await until(async () => (await count(page)) > before, "the trial that the command line asked for");
  await close(page);
});

test("a trial is stopped, with its reason, and cloned with another value, which runs", async () => {
  const page = await open(browser, view("waiting"));
  await page.waitForSelector(".grid tbody th");
  const running = (await get(`studies/${studies.waiting}/trials?state=running`)).trials[0].number;
  await page.goto(view("waiting", `trial=${running}`));
  await page.locator(".beside h2", { hasText: `Trial ${running}` }).waitFor();
  await page.locator(".beside").getByRole("button", { name: "Stop", exact: true }).click();
  await page.locator(".message").first().waitFor();
  await until(async () => (await text_of(page, ".beside > header .state")).includes("stopped"), "the trial is shown as stopped");
  assert.equal((await trial_of(running)).state, "stopped");

  await page.locator(".beside").getByRole("button", { name: "Clone …" }).click();
  const dialog = page.getByRole("dialog", { name: `Clone trial ${running}` });
  await dialog.getByLabel("lr", { exact: true }).fill("7");
  await dialog.getByRole("button", { name: "Run the clone" }).click();
  assert.match(await text_of(page, "dialog .wrong"), /must lie between/);
  await accessible(page, "a dialog with a mistake");
  await dialog.getByLabel("lr", { exact: true }).fill("0.123");
  await dialog.getByRole("button", { name: "Run the clone" }).click();
  await dialog.waitFor({ state: "detached" });
  const clone = await until(async () => /[?&]trial=(\d+)/.exec(page.url())?.[1] !== String(running) && Number(/[?&]trial=(\d+)/.exec(page.url())[1]), "the clone is open");
  const made = await trial_of(clone);
  assert.equal(made.config.lr, 0.123);
  assert.equal(made.config.opt, (await trial_of(running)).config.opt);
  // It waits for a place, before what the sampler proposes; others that run make room, one after the other.
  await until(async () => {
    if ((await trial_of(clone)).state === "running") return true;
    const other = (await get(`studies/${studies.waiting}/trials?state=running`)).trials[0];
    if (!other) return false;
    await page.goto(view("waiting", `trial=${other.number}`));
    await page.locator(".beside h2", { hasText: `Trial ${other.number}` }).waitFor();
    await page.locator(".beside").getByRole("button", { name: "Stop", exact: true }).click();
    await until(async () => (await trial_of(other.number)).state === "stopped", `trial ${other.number} is stopped`);
    return false;
  }, "the clone runs");
  await page.goto(view("waiting", `trial=${clone}`));
  await until(async () => (await text_of(page, ".beside > header .state")).includes("running"), "the clone is shown as running");
  await close(page);
});

test("a trial shows the pictures that it left, of which nothing is run, and where it ran", async () => {
  const page = await open(browser, view("quick", "trial=3"));
  const picture = page.locator(".beside .pictures img");
  await picture.scrollIntoViewIfNeeded();
  await until(async () => (await picture.evaluate((image) => image.naturalWidth)) === 40, "the picture is drawn");
  await page.locator(".beside details summary", { hasText: "Python 3" }).click();
  await page.locator(".beside details[open] dt", { hasText: "processors" }).waitFor();
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  await close(page);
});

test("a star, tags and a note are kept, and filter the table", async () => {
  const page = await open(browser, view("quick", "trial=3"));
  await page.locator(".beside").getByRole("button", { name: "☆ Star" }).click();
  await page.locator(".beside").getByRole("button", { name: "★ Starred" }).waitFor();
  await page.getByLabel("tags, by commas").fill(`base, ${kMarkup}`);
  await page.getByLabel("note", { exact: true }).fill(`<script>window.hurt=1</script>\nsecond line`);
  await page.locator(".labels").getByRole("button", { name: "Save" }).click();
  await until(async () => (await get(`studies/${studies.quick}/labels`)).trials["3"]?.tags?.length === 2, "the labels are stored");
  await page.fill("#filter", "starred and tag = base and note ~ 'second'");
  await until(async () => (await count(page)) === 1, "one starred trial");
  await page.reload();
  await until(async () => (await count(page)) === 1, "the same after reloading");
  assert.match(await text_of(page, ".grid tbody tr:not(.spacer)"), /base/);
  await close(page);
});

test("the filter answers while typing, and shows a mistake at its place", async () => {
  const page = await open(browser, view("quick"));
  await page.waitForSelector(".grid tbody th");
  const { trials } = await get(`studies/${studies.quick}/trials?limit=1000`);
  const expected = trials.filter((one) => one.config.lr < 0.1 && one.config.opt === "adam").length;
  assert.ok(expected > 0 && expected < trials.length);
  await page.fill("#filter", "lr < 0.1 and opt = adam");
  await until(async () => (await count(page)) === expected, `${expected} trials`);
  await page.fill("#filter", "lr < 0.1 and optt = adam");
  await page.waitForSelector("#filter-error");
  assert.equal(await text_of(page, "#filter-error mark"), "optt");
  assert.match(await text_of(page, "#filter-error"), /did you mean 'opt'/);
  assert.equal(await page.getAttribute("#filter", "aria-describedby"), "filter-error");
  await accessible(page, "a filter with a mistake");
  await close(page);
});

test("a stretch that is dragged on an axis keeps what lies there, and the back button undoes it", async () => {
  const page = await open(browser, view("quick"));
  const canvas = page.getByRole("img", { name: /^Parameters and result/ });
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const all = await count(page);
  // The first axis is lr; its lower half is below the geometric mean of its ends.
  await page.mouse.move(box.x + 34, box.y + box.height * 0.53);
  await page.mouse.down();
  await page.mouse.move(box.x + 36, box.y + box.height * 0.7, { steps: 4 });
  await page.mouse.move(box.x + 36, box.y + box.height - 10, { steps: 4 });
  await page.mouse.up();
  await page.locator(".brushes .tag", { hasText: "lr" }).waitFor();
  const [, low, high] = /brush=([\d.e-]+)\.\.([\d.e-]+)/.exec(decodeURIComponent(page.url()));
  const { trials } = await get(`studies/${studies.quick}/trials?limit=1000`);
  const inside = trials.filter((one) => one.config.lr >= Number(low) && one.config.lr <= Number(high)).length;
  await until(async () => (await count(page)) === inside, `${inside} trials between ${low} and ${high}`);
  assert.ok(inside < all);
  assert.ok(Number(low) < 0.002 && Number(high) > 0.02 && Number(high) < 0.05, `${low} ${high}`);
  await page.goBack();
  await until(async () => (await count(page)) === all, "all trials again");
  // The same by fields.
  await page.locator(".ranges summary").click();
  await page.getByLabel("lr, to").fill("0.02");
  await page.keyboard.press("Enter");
  const below = trials.filter((one) => one.config.lr <= 0.02).length;
  await until(async () => (await count(page)) === below, `${below} trials up to 0.02`);
  await close(page);
});

test("everything can be reached by the keyboard alone", async () => {
  const page = await open(browser, view("quick"));
  await page.waitForSelector(".grid tbody th");
  const key = (name) => page.keyboard.press(name);
  await key("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
  await key("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await key("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await accessible(page, "the keys");
  await key("Escape");
  await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "detached" });
  await key("/");
  await page.keyboard.type("state = complete");
  await until(() => decodeURIComponent(page.url()).includes("state+=+complete"), "the filter is in the address, whole");
  await key("Escape");
  await key("t");
  for (const name of ["ArrowDown", "x", "j", "x"]) await key(name);
  await page.locator(".beside .compared").waitFor();
  assert.equal(await page.locator(".beside .compared thead a").count(), 2);
  await key("Enter");
  await page.locator(".beside h2", { hasText: /^Trial/ }).waitFor();
  const first = await text_of(page, ".beside h2");
  await key("ArrowDown");
  await until(async () => (await text_of(page, ".beside h2")) !== first, "the next trial");
  await key("s");
  await page.locator(".beside").getByRole("button", { name: "★ Starred" }).waitFor();
  await key("c");
  await page.locator(".beside .compared").waitFor();
  await key("Escape");
  await page.locator(".beside").waitFor({ state: "detached" });
  await key("g");
  await page.waitForSelector(".studies");
  // What has the focus shows it, wherever Tab leads.
  await page.goto(view("quick"));
  await page.waitForSelector(".grid tbody th");
  for (let i = 0; i < 25; i++) {
    await key("Tab");
    const shown = await page.evaluate(() => {
      const element = document.activeElement;
      const box = element.matches(".rows") ? element.closest(".grid") : element; // the table is larger than its frame
      return element === document.body || getComputedStyle(box).outlineStyle !== "none" ? "" : element.outerHTML.slice(0, 200);
    });
    assert.equal(shown, "", "has the focus without showing it");
  }
  await close(page);
});

test("two trials are compared: their curves, and the values in which they differ", async () => {
  const page = await open(browser, view("quick", "compare=0+1"));
  await page.locator(".beside .compared").waitFor();
  const canvas = page.locator(".beside").getByRole("img", { name: /2 curves/ });
  await canvas.waitFor();
  const { trials } = await get(`studies/${studies.quick}/trials?limit=2`);
  const names = await page.locator(".beside .compared tbody th").allInnerTexts();
  for (const name of ["lr", "layers", "opt"]) {
    assert.equal(names.includes(name), trials[0].config[name] !== trials[1].config[name], name);
  }
  assert.ok(!names.includes("wait"));
  await page.locator(".beside").getByText("only differences").click();
  await until(async () => (await page.locator(".beside .compared tbody th").allInnerTexts()).includes("wait"), "what is equal too");
  await close(page);
});

test("what users and programs wrote is text", async () => {
  const page = await open(browser, view("quick"));
  await page.waitForSelector(".grid tbody th");
  const { trials } = await get(`studies/${studies.quick}/trials?limit=1000`);
  const marked = trials.find((one) => one.config.opt === kMarkup).number;
  assert.ok((await page.locator(".grid").innerText()).includes("<img src=x"));
  await page.goto(view("quick", `trial=${marked}`));
  await page.locator(".log", { hasText: "<script>window.hurt = 1</script> begins" }).waitFor();
  await page.locator(".chart-title", { hasText: "<b>extra</b>" }).waitFor();
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  assert.equal(await page.locator("#app img:not(.pictures img), #app script, #app b").count(), 0);
  await close(page);
});

test("a log follows a program that writes, and the headline what it has reached", async () => {
  const page = await open(browser, view("waiting"));
  const running = await until(async () => (await get(`studies/${studies.waiting}/trials?state=running`)).trials[0], "a running trial");
  await page.goto(view("waiting", `trial=${running.number}`));
  await page.locator(".beside .connection", { hasText: "following" }).waitFor();
  assert.ok(!(await text_of(page, ".log")).includes("the end"));
  shop.go();
  await page.locator(".log", { hasText: "the end" }).waitFor();
  await until(async () => (await text_of(page, ".beside > header .state")).includes("complete"), "it is complete");
  const best = await until(async () => (await get(`studies/${studies.waiting}`)).headline.best, "a best trial");
  assert.ok(best.trial >= 0);
  await page.locator(".headline .figure a", { hasText: /^trial \d+$/ }).waitFor();
  await close(page);
});

test("charts are saved as SVG, PNG and CSV, and shown as tables", async () => {
  const page = await open(browser, view("quick"));
  const chart = page.locator("figure", { has: page.getByText("Best so far", { exact: true }) });
  await chart.waitFor();
  const save = async (what) => {
    await chart.locator(".export summary").click();
    const [download] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: `Save as ${what}` }).click()]);
    return readFileSync(await download.path());
  };
  const svg = (await save("SVG")).toString();
  assert.match(svg, /^<svg xmlns=.*<\/svg>\n$/s);
  assert.ok(svg.includes("val_loss") && svg.includes("<circle"));
  assert.deepEqual([...(await save("PNG")).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  const csv = (await save("CSV")).toString().trim().split("\r\n");
  assert.equal(csv.length, 1 + 40);
  await chart.locator(".export summary").click();
  await chart.getByRole("button", { name: "Show as a table" }).click();
  assert.equal(await chart.locator("tbody tr").count(), 40);
  await close(page);
});

/** Scrolls to the end, so that everything has been seen once, and back. */
const look_through = async (page) => {
  await until(() => page.evaluate(() => {
    window.scrollBy(0, 500);
    return window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2;
  }), "the end of the page");
  await page.evaluate(() => window.scrollTo(0, 0));
};

test("what a study taught is said in words, with shares and their intervals, and the pair that is chosen with its means", async () => {
  const page = await open(browser, view("quick"));
  const found = await until(async () => {
    const answer = await fetch(`${url}api/v1/studies/${studies.quick}/findings`);
    return answer.status === 200 && answer.json();
  }, "findings");
  assert.ok(found.enough && found.statements.length > 0);
  await page.locator(".findings li", { hasText: found.statements[0].text }).waitFor();
  const importance = page.locator("figure", { has: page.getByText("What matters", { exact: true }) });
  await importance.scrollIntoViewIfNeeded();
  await importance.getByRole("img", { name: /Shares by regression.* lr \d/ }).waitFor();
  await importance.getByLabel("Measure").selectOption("fanova");
  await importance.getByRole("img", { name: /Shares by forests.* lr \d/ }).waitFor();
  await importance.locator(".export summary").click();
  await importance.getByRole("button", { name: "Show as a table" }).click();
  assert.ok((await importance.locator("tbody").innerText()).includes("fanova_near"));
  await look_through(page);
  await page.getByRole("button", { name: "lr × layers", exact: true }).click();
  const pair = page.getByRole("img", { name: /^Two parameters. val_loss over lr and layers, .* the means that forests give/ });
  await pair.waitFor();
  await page.getByLabel("Map").selectOption("ranks");
  await page.getByRole("img", { name: /^Two parameters.* coloured by rank/ }).waitFor();
  assert.match(page.url(), /map=ranks/);
  await page.getByRole("img", { name: /^lr\. val_loss over lr: .* with the mean over the other parameters/ }).waitFor();
  await accessible(page, "a study with everything that it taught");
  await close(page);
});

test("of several objectives the front, what it dominates, and the spread over seeds are drawn", async () => {
  const page = await open(browser, view("two"), { width: 400, scheme: "dark" });
  await page.waitForSelector(".grid tbody th");
  const { front } = (await get(`studies/${studies.two}`)).headline;
  assert.ok(front.length > 1);
  await look_through(page);
  await page.getByRole("img", { name: new RegExp(`^The front.*; ${front.length} of them are on the front`) }).waitFor();
  await page.getByRole("img", { name: /^Dominated share\. .* dominates \d/ }).waitFor();
  await page.getByRole("img", { name: /^Seeds\. loss of 24 trials/ }).waitFor();
  await fits(page, "several objectives at 400");
  await accessible(page, "several objectives at 400, dark");
  await page.screenshot({ path: `${pictures}/several-400-dark.png`, fullPage: true });
  await close(page);
});

test("who is not known logs in with a token, and out again", async () => {
  const { url: strict, tokens } = await shop.serve("--always-token");
  const page = await open(browser, strict);
  const token = page.getByLabel("Token");
  await token.fill("wrong-token-wrong-token");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator("[role=alert]", { hasText: /token/ }).waitFor();
  assert.equal(await page.locator(".studies").count(), 0);
  await accessible(page, "the login, after a wrong token");
  await token.fill(tokens.read);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator(".studies").waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
  await page.getByRole("button", { name: "Log out" }).click();
  await token.waitFor();
  await page.reload();
  await token.waitFor();
  await close(page);
});

test("budget and parallelism are edited; the study pauses, goes on and finishes", async () => {
  const page = await open(browser, view("quick"));
  await page.waitForSelector(".grid tbody th");
  await page.getByRole("button", { name: "Budget" }).click();
  const dialog = page.getByRole("dialog", { name: "Budget" });
  await dialog.getByLabel("Trials").fill("47");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  await until(async () => (await get(`studies/${studies.quick}`)).budget.some((one) => one.key === "trials" && one.limit === 47), "47 trials");
  await page.locator(".figures", { hasText: "47" }).waitFor();
  const state = async () => (await get(`studies/${studies.quick}`)).state;
  if ((await state()) === "finished") {
    await page.getByRole("button", { name: "Open again" }).click();
    await until(async () => (await state()) === "open", "open again");
  }
  await page.getByRole("button", { name: "Pause" }).click();
  await until(async () => (await state()) === "paused", "paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await until(async () => (await state()) === "open", "open");
  await page.getByRole("button", { name: "Finish" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Finish" }).click();
  await until(async () => (await state()) === "finished", "finished");
  await page.locator(".title-row .state-finished").waitFor();
  await close(page);
});

test("every view fits and is accessible at 400, 1280 and 2560 pixels, light and dark", async () => {
  const faults = [];
  for (const width of [400, 1280, 2560]) {
    for (const scheme of ["light", "dark"]) {
      for (const [name, query, awaited] of [
        ["studies", undefined, ".studies progress"],
        ["study", "", ".grid tbody th"],
        ["trial", "trial=3", ".beside .log"],
        ["compare", "compare=3+7+9", ".beside .compared td"],
      ]) {
        const page = await open(browser, query === undefined ? url : view("quick", query), { width, scheme, height: width === 400 ? 800 : 1000 });
        await page.waitForSelector(awaited);
        const what = `${name} at ${width}, ${scheme}`;
        for (const look of [fits, accessible]) await look(page, what).catch((fault) => faults.push(fault.message));
        await page.screenshot({ path: `${pictures}/${name}-${width}-${scheme}.png` });
        await close(page);
      }
    }
  }
  assert.deepEqual(faults, [], faults.join("\n"));
});
