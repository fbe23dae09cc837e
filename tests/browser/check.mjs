// Opens pages as a browser shows and prints them, wide and narrow, light and dark, and prints a JSON list of what is wrong.
//
//     LEFTCART_NODE=<folder with node_modules> node check.mjs <chromium> every|some <page.html>…
//
// With `some`, each page is looked at twice only: wide and light, narrow and dark; in these looks figures are asked how they
// are known. With LEFTCART_SHOTS=<folder> every look is kept there as a picture, and every print as a PDF; with LEFTCART_TIMES=1
// the time that each look took to load (`domComplete`) goes to standard error.
//
// Wrong is: any request beside the page itself (and the mail's own chart), anything on the console or in a dialog, a page
// wider than the window, whatever axe-core finds, a page that takes three seconds to load, a figure that does not explain
// itself when asked, a print with something cut off, and a link that leads nowhere.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(resolve(process.env.LEFTCART_NODE), "package.json")));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, looks, ...pages] = process.argv.slice(2);
const [WIDE, MIDDLE, NARROW] = [1280, 768, 390];
const SOME = [[WIDE, "light"], [NARROW, "dark"]];
const LOOKS = looks === "some" ? SOME : [...SOME, [WIDE, "dark"], [MIDDLE, "light"], [MIDDLE, "dark"], [NARROW, "light"]];
// What A4 has room for within the margins of the page's own style, in CSS pixels: 182 by 269 mm.
const A4 = { width: 688, height: 1016 };
const SLOWEST = 3_000;
const shots = process.env.LEFTCART_SHOTS;

const faults = [];
const browser = await chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
    for (const page of pages) {
        const say = (look) => (fault) => faults.push(`${page}, ${look}: ${fault}`);
        for (const [width, colorScheme] of LOOKS) {
            await check(page, width, colorScheme, say(`${width} px, ${colorScheme}`));
        }
        await print(page, say("printed"));
        await withoutScript(page, say("without script"));
        links(page).forEach(say("links"));
    }
} finally {
    await browser.close();
}
console.log(JSON.stringify(faults, null, 2));

async function open(file, options, say) {
    const url = pathToFileURL(resolve(file)).href;
    const chart = new URL("charts/", url).href;
    const isOwn = (request) =>
        request === url || (basename(file) === "summary.html" && request.startsWith(chart) && request.endsWith(".png"));
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on("request", (request) => isOwn(request.url()) || say(`requests ${request.url()}`));
    page.on("requestfailed", (request) => say(`does not get ${request.url()}`));
    page.on("console", (message) => say(`console ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => say(`error: ${error}`));
    page.on("dialog", (dialog) => (say(`dialog: ${dialog.message()}`), dialog.dismiss()));
    await page.goto(url, { waitUntil: "load" });
    return [context, page];
}

async function check(file, width, colorScheme, say) {
    const [context, page] = await open(file, { viewport: { width, height: 900 }, colorScheme }, say);
    const loaded = await page.evaluate(() => performance.getEntriesByType("navigation")[0].domComplete);
    if (process.env.LEFTCART_TIMES) {
        console.error(`${Math.round(loaded)} ms: ${file}, ${width} px, ${colorScheme}`);
    }
    if (loaded > SLOWEST) {
        say(`takes ${Math.round(loaded)} ms to load`);
    }
    if (shots) {
        await page.screenshot({ path: shot(file, `${width}-${colorScheme}.png`), fullPage: true });
    }
    // Folded parts are read too, by people and by axe-core.
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
    const { wide, has } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        has: document.documentElement.clientWidth,
    }));
    if (wide > has) {
        say(`is ${wide} px wide in a window of ${has}: ${await page.evaluate(widest)}`);
    }
    await page.evaluate(axe);
    await accessible(page, say);
    if (SOME.some(([wide, scheme]) => wide === width && scheme === colorScheme)) {
        await asked(page, say);
    }
    await context.close();
}

async function accessible(page, say) {
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const { id, help, nodes } of violations) {
        say(`${id} (${help}): ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" … ")}`);
    }
}

// The first and the last figure that can be asked, by the keyboard and by the pointer: each says how it is known, within
// the window, and stops when told so.
async function asked(page, say) {
    const buttons = page.locator(".ask");
    const count = await buttons.count();
    for (const at of count > 1 ? [0, count - 1] : [0].slice(0, count)) {
        const button = buttons.nth(at);
        const known = page.locator(`[id="${await button.getAttribute("popovertarget")}"]`);
        await button.focus();
        await page.keyboard.press("Enter");
        if (!(await appears(known, say, `figure ${at} does not explain itself to the keyboard`))) {
            continue;
        }
        const box = await known.boundingBox();
        const { width, height } = page.viewportSize();
        if (box.x < 0 || box.x + box.width > width || box.y < 0 || box.y + box.height > height) {
            say(`figure ${at} explains itself outside of the window: ${JSON.stringify(box)}`);
        }
        if (await known.locator("a[href*='#def-']").count() !== 1) {
            say(`figure ${at} does not link its definition`);
        }
        if (at === 0) {
            await accessible(page, say);
        }
        await page.keyboard.press("Tab");
        if (!(await known.evaluate((known) => known.contains(document.activeElement)))) {
            say(`the links of figure ${at} are not next to it for the keyboard`);
        }
        await page.keyboard.press("Escape");
        await known.waitFor({ state: "hidden", timeout: 2_000 }).catch(() => say(`figure ${at} does not stop explaining`));
        await page.mouse.move(0, 0);
        await button.hover();
        await appears(known, say, `figure ${at} does not explain itself to the pointer`);
        await page.keyboard.press("Escape");
    }
}

async function appears(known, say, fault) {
    return known.waitFor({ state: "visible", timeout: 3_000 }).then(() => true, () => (say(fault), false));
}

async function withoutScript(file, say) {
    const options = { viewport: { width: NARROW, height: 900 }, javaScriptEnabled: false };
    const [context, page] = await open(file, options, say);
    const button = page.locator(".ask").first();
    if (await button.count()) {
        await button.click();
        await appears(page.locator(".known:popover-open"), say, "the first figure does not explain itself");
    }
    await context.close();
}

// As A4 has it: nothing wider than the paper, no chart cut in two, and nothing that only a screen can do.
async function print(file, say) {
    const [context, page] = await open(file, { viewport: A4, colorScheme: "dark" }, say);
    await page.emulateMedia({ media: "print" });
    const { cut, left } = await page.evaluate(({ width, height }) => {
        const shown = (selector) => [...document.querySelectorAll(selector)].filter((part) => part.checkVisibility());
        const wide = shown("svg, table, p, pre, img").filter((part) => part.getBoundingClientRect().right > width + 1);
        const charts = shown("figure").filter(
            (part) => getComputedStyle(part).breakInside !== "avoid" || part.getBoundingClientRect().height > height,
        );
        const name = (part) => part.outerHTML.slice(0, 120);
        return { cut: [...wide, ...charts].map(name), left: shown("button:not(.sort), input, [popover]").map(name) };
    }, A4);
    cut.forEach((part) => say(`cuts ${part}`));
    left.forEach((part) => say(`shows ${part}`));
    const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true, ...(shots ? { path: shot(file, "print.pdf") } : {}) });
    const boxes = [...pdf.toString("latin1").matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)];
    const isA4 = ([, width, height]) => Math.abs(width - 595) < 2 && Math.abs(height - 842) < 2;
    if (!boxes.length || !boxes.every(isA4)) {
        say(`is not A4: ${boxes.map(([box]) => box).join(", ")}`);
    }
    await context.close();
}

function shot(file, name) {
    return join(shots, `${basename(dirname(resolve(file)))}-${basename(file, ".html")}-${name}`);
}

// Links of a page that lead to no file, or to no place within it.
function links(file) {
    const attributes = (html, name) =>
        [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, "g"))].map(([, value]) => value.replaceAll("&#x2f;", "/").replaceAll("&amp;", "&"));
    const html = readFileSync(file, "utf8");
    const target = (href) => new URL(href, pathToFileURL(resolve(file)));
    return attributes(html, "href").filter((href) => {
        const url = target(href);
        if (url.protocol !== "file:") {
            return true;
        }
        const anchor = decodeURIComponent(url.hash.slice(1));
        url.hash = "";
        const path = fileURLToPath(url);
        return !existsSync(path) || (anchor && !attributes(readFileSync(path, "utf8"), "id").includes(anchor));
    });
}

// The element that reaches furthest to the right, to know where to look.
function widest() {
    const right = (element) => element.getBoundingClientRect().right;
    const all = [...document.body.querySelectorAll("*")];
    return all.reduce((a, b) => (right(b) > right(a) ? b : a)).outerHTML.slice(0, 200);
}
