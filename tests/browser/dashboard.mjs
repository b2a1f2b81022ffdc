// Clicks through the dashboard of a run that goes on, in a real browser, and says what does not work. At the end it stops the run.
//
//   node tests/browser/dashboard.mjs URL SAVED [--shots FOLDER]
//
// URL has the token; SAVED is the file that the result is saved to. The run is that of tests/dashboard. With --shots the page is pictured
// at each width in both themes.

import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const WIDTHS = [390, 900, 1440];
const PATIENCE = 30_000;

const [url, saved] = process.argv.slice(2);
const shots = process.argv[4] === "--shots" ? resolve(process.argv[5]) : null;
const origin = new URL(url).origin;

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

async function eventually(page, condition, argument, what) {
  await page.waitForFunction(condition, argument, { timeout: PATIENCE }).catch(() => expect(false, what));
}

const says = (page, id, text) => eventually(page, ([id, text]) => document.getElementById(id).textContent.includes(text), [id, text], `#${id} says ${text}`);

async function open(browser, width, colorScheme, address = url) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, acceptDownloads: true });
  const page = await context.newPage();
  const name = `${width} px, ${colorScheme}`;
  page.on("console", (message) => {
    // A refused request is told in the console by the browser itself.
    if (/status of 401/.test(message.text())) return;
    expect(message.type() !== "error" && message.type() !== "warning", `${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => expect(false, `${name}: ${error.message}`));
  page.on("request", (request) => expect(request.url().startsWith(origin) || /^(data|blob):/.test(request.url()), `${name}: asked for ${request.url()}`));
  await page.goto(address);
  return { context, page, name };
}

const ready = (page) => page.waitForSelector("html[data-ready]", { state: "attached", timeout: PATIENCE }).catch(() => expect(false, "the page was never ready"));

async function looksWell(browser, width, colorScheme) {
  const { context, page, name } = await open(browser, width, colorScheme);
  await ready(page);
  await eventually(page, () => document.querySelectorAll(".plot canvas").length === 3, null, `${name}: three charts are drawn`);
  await page.waitForTimeout(1500);
  const { wide, seen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth - innerWidth, seen: globalThis.pwned }));
  expect(wide <= 0, `${name}: ${wide} px wider than the window`);
  expect(seen === undefined, `${name}: the page ran what scripts and targets say`);
  expect(await page.locator("img, iframe, object, embed, main b, main i, main script, [onerror]").count() === 0, `${name}: elements that the page does not hold`);
  if (shots) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `dashboard-${width}-${colorScheme}.png`), fullPage: true });
  }
  await context.close();
}

async function wantsTheToken(browser) {
  const { context, page } = await open(browser, 900, "light", `${origin}/`);
  await page.waitForSelector("#login:not([hidden])", { timeout: PATIENCE });
  expect(!await page.isVisible("#now"), "without the token there is nothing to be seen");
  await page.fill("#login-token", "no token at all, is it");
  await page.keyboard.press("Enter");
  await says(page, "login-wrong", "not the token");
  await page.fill("#login-token", new URL(url).hash.slice("#token=".length));
  await page.click("#login-form button");
  await ready(page);
  expect(await page.isVisible("#now") && !await page.isVisible("#login"), "with the token there is the run");
  await page.reload();
  await ready(page);
  expect(!await page.isVisible("#login"), "the browser remembers");
  await context.close();
}

async function hidesTheToken(page) {
  expect(!page.url().includes("token"), `the token is out of the address: ${page.url()}`);
  expect(await page.evaluate(() => document.cookie) === "", "scripts cannot read the cookie");
}

async function pausesAndResumes(page) {
  await page.click("#pause");
  await says(page, "state", "paused");
  await says(page, "pause", "Resume");
  await page.waitForTimeout(2500);
  const iterations = () => page.$$eval("#scenario-table tbody tr", (rows) => rows.map((row) => row.cells[4].textContent).join());
  const before = await iterations();
  await page.waitForTimeout(2500);
  expect(await iterations() === before, "nothing goes on while it is paused");
  await page.locator("#pause").focus();
  await page.keyboard.press("Enter");
  await says(page, "state", "running");
  await eventually(page, (before) => [...document.querySelectorAll("#scenario-table tbody tr")].map((row) => row.cells[4].textContent).join() !== before, before, "it goes on");
}

async function steersUsers(page) {
  const row = page.locator("#scenario-table tbody tr", { hasText: "steered" });
  expect(await page.locator("#scenario-table .steer").count() === 2, "only the scenarios that are controlled from outside can be steered");
  await row.getByRole("button", { name: "one user more" }).click();
  await row.getByRole("button", { name: "one user more" }).click();
  const users = (wanted) => eventually(page, (wanted) => [...document.querySelectorAll("#scenario-table tbody tr")].some((row) => row.cells[0].textContent === "steered" && row.cells[3].textContent === wanted), wanted, `there are ${wanted} users`);
  await users("4");
  await row.getByRole("button", { name: "one user fewer" }).click();
  await users("3");
  await row.getByRole("spinbutton").fill("6");
  await row.getByRole("spinbutton").press("Enter");
  await users("6");
  await row.getByRole("button", { name: "steered: pause" }).click();
  await eventually(page, () => document.querySelector("#scenario-table").textContent.includes("paused"), null, "one scenario stands");
  await row.getByRole("button", { name: "steered: pause" }).click();
}

async function steersARate(page) {
  const row = page.locator("#scenario-table tbody tr", { hasText: "paced" });
  const input = row.getByRole("spinbutton");
  expect(await input.inputValue() === "5", "the rate stands in its field");
  await row.getByRole("button", { name: "a higher rate" }).click();
  expect(await input.inputValue() === "5.5", "a click is about a tenth more");
  await row.getByRole("button", { name: "a lower rate" }).click();
  expect(await input.inputValue() === "5", "and another one takes it back");
  await input.fill("40");
  await input.press("Enter");
  const rate = () => [...document.querySelectorAll("#scenario-table tbody tr")].some((row) => row.cells[0].textContent === "paced" && Number.parseFloat(row.cells[5].textContent) > 30);
  await eventually(page, rate, null, "iterations come at the new rate");
}

async function injectsAFault(page) {
  const row = page.locator("#fault-table tbody tr");
  await row.getByRole("button", { name: "Inject" }).click();
  expect(await page.isVisible("#confirm"), "a fault is confirmed");
  await page.click("#confirm-no");
  expect((await row.textContent()).includes("not at work"), "a fault that is not confirmed does not come");
  await row.getByRole("button", { name: "Inject" }).click();
  await page.click("#confirm-yes");
  await row.getByRole("button", { name: "Undo" }).waitFor({ timeout: PATIENCE });
  await eventually(page, () => !document.getElementById("marks").hidden, null, "the charts have its band");
  await page.waitForTimeout(2000);
  if (shots) await page.screenshot({ path: join(shots, "dashboard-fault.png"), fullPage: true });
  await row.getByRole("button", { name: "Undo" }).click();
  await row.getByRole("button", { name: "Inject" }).waitFor({ timeout: PATIENCE });
}

async function sorts(page) {
  const heading = page.locator("#live-endpoints th", { hasText: "Requests" });
  const counts = () => page.$$eval("#live-endpoints tbody tr", (rows) => rows.map((row) => Number(row.cells[2].textContent.replaceAll(",", ""))));
  const sorted = (numbers, down) => numbers.every((n, at) => at === 0 || (down ? numbers[at - 1] >= n : numbers[at - 1] <= n));
  await heading.getByRole("button").click();
  expect(await heading.getAttribute("aria-sort") === "descending" && sorted(await counts(), true), "the greatest count first");
  await heading.getByRole("button").focus();
  await page.keyboard.press("Enter");
  expect(await heading.getAttribute("aria-sort") === "ascending" && sorted(await counts(), false), "a second time, by keyboard, the least");
  await page.waitForTimeout(2500);
  expect(sorted(await counts(), false), "it stays sorted while values come");
  expect(await page.evaluate(() => document.activeElement.closest("#live-endpoints") !== null), "the focus stays while values come");
}

async function zooms(page) {
  await page.locator("#chart-latency .plot").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("+");
  expect(/^From .* to /.test(await page.textContent("#zoom-text")), "plus zooms");
  const before = await page.textContent("#zoom-text");
  await page.waitForTimeout(2500);
  expect(await page.textContent("#zoom-text") === before, "who looks at a part goes on looking at it");
  await page.click("#zoom-reset");
  expect(await page.textContent("#zoom-text") === "All of the run", "the button shows all");
}

async function filtersTheLog(page) {
  await eventually(page, () => document.querySelectorAll("#log-lines .line").length > 3, null, "there are log lines");
  expect((await page.textContent("#log-lines")).includes("<script>"), "what looks like markup is shown as text");
  await page.fill("#log-filter", "nobody says this");
  expect(await page.locator("#log-lines .line:visible").count() === 0, "the filter finds none");
  await page.fill("#log-filter", "SAID BY");
  expect(await page.locator("#log-lines .line:visible").count() > 0, "the filter finds some");
}

async function changesTheme(page) {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.click("#theme");
  const light = await ground();
  await page.click("#theme");
  expect(await ground() !== light, "themes differ");
  await page.click("#theme");
}

async function tellsBreach(page) {
  const cells = await page.$$eval("#slo-table tbody tr", (rows) => rows.map((row) => row.cells[6].textContent));
  expect(cells.length === 2 && cells.includes("missed"), `the time to breach is told: ${cells}`);
}

async function stops(page) {
  await page.click("#stop");
  expect(await page.isVisible("#confirm"), "stopping is confirmed");
  expect(await page.evaluate(() => document.activeElement.id) === "confirm-no", "the harmless button has the focus");
  await page.keyboard.press("Escape");
  await page.waitForTimeout(1500);
  expect((await page.textContent("#state")) === "running", "a stop that is not confirmed does not come");
  await page.click("#stop");
  await page.click("#confirm-yes");
  await says(page, "state", "over");
  await says(page, "verdict-word", "Interrupted");
  await says(page, "verdict-exit", "130");
  await page.waitForSelector("#save:not([disabled])", { timeout: PATIENCE });
  const users = () => [...document.querySelectorAll("#tiles div")].some((tile) => tile.textContent.startsWith("Users") && tile.textContent.includes("at most"));
  await eventually(page, users, null, "the tiles show the whole run");
  const coming = page.waitForEvent("download");
  await page.click("#save");
  await (await coming).saveAs(saved);
  expect(await page.isDisabled("#stop") && await page.isDisabled("#pause"), "nothing is steered any more");
  if (shots) await page.screenshot({ path: join(shots, "dashboard-over.png"), fullPage: true });
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
await wantsTheToken(browser).catch((error) => expect(false, `the token: ${error.message}`));
for (const width of WIDTHS) {
  await looksWell(browser, width, "light");
  if (shots || width === 900) await looksWell(browser, width, "dark");
}
const { context, page } = await open(browser, 1200, "light");
await ready(page);
for (const step of [hidesTheToken, pausesAndResumes, steersUsers, steersARate, injectsAFault, sorts, zooms, filtersTheLog, changesTheme, tellsBreach, stops]) {
  await step(page).catch((error) => expect(false, `${step.name}: ${error.message}`));
}
await context.close();
await browser.close();
console.log(`${failures} failures`);
process.exit(failures > 0 ? 1 : 0);
