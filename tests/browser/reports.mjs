// Clicks through reports in a real browser, and says what does not work.
//
//   node tests/browser/reports.mjs FOLDER [--shots FOLDER]
//
// FOLDER holds the pages. `run.html` is a page with traffic and failures, in which everything is tried; of every other page it is
// only asked that it opens without complaint, sends nothing, runs nothing of what its data hold, and fits the window. What `run.html`
// offers to save is left beside it as `saved.json`. With --shots each page is pictured at each width in both themes.

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const WIDTHS = [360, 800, 1400];

const folder = resolve(process.argv[2] ?? ".");
const shots = process.argv[3] === "--shots" ? resolve(process.argv[4]) : null;

if (!CHROMIUM) {
  console.error("no Chromium: apt-get install chromium");
  process.exit(1);
}

let failures = 0;

function expect(holds, what) {
  if (holds) return;
  failures += 1;
  console.error(`FAILED ${what}`);
}

async function open(browser, file, width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, acceptDownloads: true });
  const page = await context.newPage();
  const name = `${basename(file)} at ${width} px, ${colorScheme}`;
  const url = pathToFileURL(file).href;
  page.on("console", (message) => expect(message.type() !== "error" && message.type() !== "warning", `${name}: console: ${message.text()}`));
  page.on("pageerror", (error) => expect(false, `${name}: ${error.message}`));
  page.on("dialog", (dialog) => { expect(false, `${name}: a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => expect(request.url() === url || /^(data|blob):/.test(request.url()), `${name}: asked for ${request.url()}`));
  await page.goto(url);
  await page.waitForSelector("html[data-ready]", { state: "attached", timeout: 15_000 })
    .catch(() => expect(false, `${name}: the page was never ready`));
  return { context, page, name };
}

async function opensWell(browser, file, width, colorScheme) {
  const { context, page, name } = await open(browser, file, width, colorScheme);
  const { wide, seen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    seen: globalThis.pwned,
  }));
  expect(wide <= 0, `${name}: ${wide} px wider than the window`);
  expect(seen === undefined, `${name}: the page ran what its data hold`);
  const injected = await page.locator("img, iframe, object, embed, [onerror], [onclick]").count();
  expect(injected === 0, `${name}: elements that no template holds`);
  if (shots) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${basename(file, ".html")}-${width}-${colorScheme}.png`), fullPage: true });
  }
  await context.close();
}

const visible = (page) => page.$$eval("#endpoint-table tbody tr:not(.detail):not([hidden])", (rows) =>
  rows.map((row) => ({ name: row.cells[0].textContent.trim(), numbers: row.dataset.v.split(" ").map(Number) })));

const isSorted = (numbers, down) => numbers.every((n, at) => at === 0 || (down ? numbers[at - 1] >= n : numbers[at - 1] <= n));

async function sorts(page) {
  const heading = page.locator("#endpoint-table th", { hasText: "Count" });
  await heading.getByRole("button").click();
  expect(await heading.getAttribute("aria-sort") === "descending", "sorting says that it is descending");
  expect(isSorted((await visible(page)).map((row) => row.numbers[0]), true), "the greatest count first");
  await heading.getByRole("button").focus();
  await page.keyboard.press("Enter");
  expect(await heading.getAttribute("aria-sort") === "ascending", "a second time, by keyboard, it is ascending");
  expect(isSorted((await visible(page)).map((row) => row.numbers[0]), false), "the least count first");
  await page.locator("#endpoint-table th", { hasText: "Endpoint" }).getByRole("button").click();
  const names = (await visible(page)).map((row) => row.name);
  expect(JSON.stringify(names) === JSON.stringify([...names].sort((a, b) => a.localeCompare(b))), `by name: ${names}`);
  expect(await page.locator("#endpoint-table [aria-sort]").count() === 1, "one column is sorted by");
}

async function filters(page) {
  const before = (await visible(page)).length;
  await page.fill("#endpoint-filter", "LIVE");
  const found = await visible(page);
  expect(found.length === 1 && found[0].name.includes("live"), `the filter finds one: ${found.map((row) => row.name)}`);
  expect((await page.textContent("#endpoint-count")).startsWith("1 of 1 shown"), "the filter counts");
  await page.fill("#endpoint-filter", "");
  await page.check("#endpoint-failed");
  const failed = await visible(page);
  expect(failed.length > 0 && failed.length < before && failed.every((row) => row.numbers[2] > 0), "only those with failures");
  await page.uncheck("#endpoint-failed");
  expect((await visible(page)).length === before, "all are back");
  expect(await page.locator("#endpoint-table .sparkline").count() > 0, "lines over time are drawn");
}

const picture = (page, chart) => page.$eval(`#chart-${chart} canvas`, (canvas) => canvas.toDataURL());

async function zooms(page) {
  const over = page.locator("#chart-rate .u-over");
  await over.scrollIntoViewIfNeeded();
  const before = await picture(page, "latency");
  const heat = await picture(page, "heat");
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  expect(/^From .* to /.test(await page.textContent("#zoom-text")), "dragging zooms");
  expect(await picture(page, "latency") !== before, "the other charts zoom too");
  expect(await picture(page, "heat") !== heat, "so does the heat map");
  await over.dblclick();
  expect(await page.textContent("#zoom-text") === "All of the run", "a double click shows all");
  const plot = page.locator("#chart-latency .plot");
  await page.mouse.move(0, 0);
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  // Values are written with the next frame.
  for (const [chart, what] of [["latency", "the keyboard reads values"], ["users", "the cursor is in the other charts too"]]) {
    const reads = (selector) => [...document.querySelectorAll(selector)].some((cell) => /\d/.test(cell.textContent));
    await page.waitForFunction(reads, `#chart-${chart} .u-value`, { timeout: 5000 }).catch(() => expect(false, what));
  }
  await page.keyboard.press("+");
  expect(!await page.isDisabled("#zoom-reset"), "plus zooms");
  await page.click("#zoom-reset");
  expect(await page.textContent("#zoom-text") === "All of the run" && await page.isDisabled("#zoom-reset"), "the button shows all");
}

async function opensDetails(page) {
  const button = page.locator("#endpoint-table button.open:visible").first();
  await button.click();
  expect(await page.locator("#endpoint-table .detail canvas").count() === 2, "an opened endpoint has two charts");
  await button.click();
  expect(await page.locator("#endpoint-table .detail").count() === 0, "it closes again");
}

async function changesTheme(page) {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const grounds = [];
  for (const name of ["light", "dark"]) {
    await page.click("#theme");
    expect(await page.textContent("#theme-name") === name, `the theme is ${name}`);
    grounds.push(await ground());
  }
  expect(grounds[0] !== grounds[1], "themes differ");
  await page.click("#theme");
}

async function saves(page) {
  const coming = page.waitForEvent("download");
  await page.click("#save");
  const download = await coming;
  expect(download.suggestedFilename().endsWith(".json"), `saved as ${download.suggestedFilename()}`);
  await download.saveAs(join(folder, "saved.json"));
}

async function prints(page) {
  await page.emulateMedia({ media: "print" });
  expect(!await page.isVisible(".top"), "on paper there is no navigation");
  expect(await page.isVisible("#chart-rate canvas"), "on paper there are charts");
  // Heads that are repeated on every page have no buttons, so their text must not be in one.
  const heads = await page.evaluate(() => [...document.querySelectorAll("#endpoint-table th[data-sort]")].map((head) => ({
    said: getComputedStyle(head, "::before").content,
    label: head.textContent,
    button: getComputedStyle(head.querySelector("button")).display,
  })));
  expect(heads.length > 0, "there are heads to sort by");
  for (const { said, label, button } of heads) {
    expect(said === JSON.stringify(label) && button === "none", `on paper a head is text: ${said} for ${label}, its button ${button}`);
  }
  expect(!await page.isVisible(".readout"), "on paper nothing asks to be pointed at");
  await page.emulateMedia({ media: null });
}

async function isReachableByKeyboard(page) {
  await page.reload();
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  const reached = new Set();
  for (let step = 0; step < 80; step++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName));
  }
  for (const one of ["skip", "theme", "plot", "endpoint-filter", "sort", "open"]) {
    expect([...reached].some((name) => name.split(" ").includes(one)), `the keyboard reaches ${one}: ${[...reached]}`);
  }
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const files = readdirSync(folder).filter((name) => name.endsWith(".html")).map((name) => join(folder, name));
expect(files.length > 0, `pages in ${folder}`);
for (const file of files) {
  for (const width of WIDTHS) {
    await opensWell(browser, file, width, "light");
    if (shots || width === 800) await opensWell(browser, file, width, "dark");
  }
}
const run = files.find((file) => basename(file) === "run.html");
expect(run !== undefined, "there is a run.html");
if (run) {
  const { context, page } = await open(browser, run, 1200, "light");
  for (const step of [sorts, filters, zooms, opensDetails, changesTheme, saves, prints, isReachableByKeyboard]) {
    await step(page).catch((error) => expect(false, `${step.name}: ${error.message}`));
  }
  await context.close();
}
await browser.close();
console.log(`${files.length} pages, ${failures} failures`);
process.exit(failures > 0 ? 1 : 0);
