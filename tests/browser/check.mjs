// Opens pages as a browser shows them, wide and narrow, light and dark, and prints a JSON list of what is wrong.
//
//     LEFTCART_NODE=<folder with node_modules> node check.mjs <chromium> every|some <page.html>…
//
// With `some`, each page is looked at twice only: wide and light, narrow and dark.
//
// Wrong is: any request beside the page itself, anything on the console or in a dialog, a page wider than the window,
// and whatever axe-core finds.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(resolve(process.env.LEFTCART_NODE), "package.json")));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, looks, ...pages] = process.argv.slice(2);
const [WIDE, MIDDLE, NARROW] = [1280, 768, 390];
const SOME = [[WIDE, "light"], [NARROW, "dark"]];
const LOOKS = looks === "some" ? SOME : [...SOME, [WIDE, "dark"], [MIDDLE, "light"], [MIDDLE, "dark"], [NARROW, "light"]];

const faults = [];
const browser = await chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
    for (const page of pages) {
        for (const [width, colorScheme] of LOOKS) {
            const found = await check(pathToFileURL(resolve(page)).href, width, colorScheme);
            faults.push(...found.map((fault) => `${page}, ${width} px, ${colorScheme}: ${fault}`));
        }
    }
} finally {
    await browser.close();
}
console.log(JSON.stringify(faults, null, 2));

async function check(url, width, colorScheme) {
    const found = [];
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.on("request", (request) => request.url() === url || found.push(`requests ${request.url()}`));
    page.on("console", (message) => found.push(`console ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => found.push(`error: ${error}`));
    page.on("dialog", (dialog) => (found.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    await page.goto(url, { waitUntil: "load" });
    // Folded parts are read too, by people and by axe-core.
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
    const { wide, has } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        has: document.documentElement.clientWidth,
    }));
    if (wide > has) {
        found.push(`is ${wide} px wide in a window of ${has}: ${await page.evaluate(widest)}`);
    }
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const { id, help, nodes } of violations) {
        found.push(`${id} (${help}): ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" … ")}`);
    }
    await context.close();
    return found;
}

// The element that reaches furthest to the right, to know where to look.
function widest() {
    const right = (element) => element.getBoundingClientRect().right;
    const all = [...document.body.querySelectorAll("*")];
    return all.reduce((a, b) => (right(b) > right(a) ? b : a)).outerHTML.slice(0, 200);
}
