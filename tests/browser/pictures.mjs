// Draws the pictures of the guide from a report.
//
//   node tests/browser/pictures.mjs PAGE docs/images

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [page, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const colorScheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 860 }, colorScheme });
  const tab = await context.newPage();
  await tab.goto(pathToFileURL(page).href);
  await tab.waitForSelector("html[data-ready]", { state: "attached" });
  await tab.screenshot({ path: join(folder, `report-${colorScheme}.png`) });
  if (colorScheme === "light") {
    await tab.evaluate(() => {
      document.querySelector(".top").hidden = true;
      document.querySelector("#charts").scrollIntoView();
    });
    await tab.setViewportSize({ width: 1180, height: 1900 });
    const { x, y, width } = await tab.locator("#charts").boundingBox();
    const last = await tab.locator("#chart-heat").boundingBox();
    const height = last.y + last.height - y + 12;
    await tab.screenshot({ path: join(folder, "report-charts.png"), clip: { x, y, width, height } });
  }
  await context.close();
}
await browser.close();
