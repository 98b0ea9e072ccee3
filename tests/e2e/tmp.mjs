import { openApp, screenshot, shutDown, startServer } from "./harness.mjs";
import { pause, run } from "./steps.mjs";
const server = await startServer();
for (const [n, viewport, colorScheme] of [["w",{width:1440,height:900},"light"],["l",{width:1280,height:720},"dark"]]) {
const page = await openApp({ url: server.url, viewport, colorScheme, allow:[/./] });
await pause(page);
await screenshot(page, `g1-${n}`);
await page.locator("#try-button").click(); await page.waitForTimeout(400);
await screenshot(page, `g2-${n}`);
await page.locator("#guide-button").click(); await page.waitForTimeout(600);
await screenshot(page, `g3-${n}`);
for (let i=0;i<6;i++){ const b = page.locator("#guide-button"); if (await b.count()==0) break; if ((await b.innerText())=="Compare") break; await b.click(); await page.waitForTimeout(2500); console.log(await page.locator(".clock").first().innerText(), await page.locator(".try").innerText()); }
await screenshot(page, `g4-${n}`);
if (n==="w") { await page.locator("#guide-button").click(); await page.locator('.compare-body[data-compared="true"]').waitFor(); await page.waitForTimeout(300); await screenshot(page, `g5-${n}`); }
await page.finish();
}
await server.close(); await shutDown();
