// Pictures of the page's moments, for people to look at: tests/e2e/output/<moment>-<size>-<theme>.png.

import { openApp, screenshot, shutDown, startServer } from "./harness.mjs";
import { example, panel, pause, pods, run, say, suggestion } from "./steps.mjs";

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const only = process.argv.slice(2);

async function moments(page, take, narrow) {
  await pause(page);
  await take("first-visit");
  await panel(page, "why");
  if (narrow) await take("first-visit-why");
  const { pod } = await suggestion(page);
  await page.locator("#try-button").click();
  await run(page, 60);
  await panel(page, "cluster");
  await take("partition");
  await run(page, 360);
  await panel(page, "cluster");
  await pods(page, pod).first().click();
  await take("terminating");
  await say(page, `kubectl delete pod ${pod} --force --grace-period=0`);
  await run(page, 10);
  await panel(page, "cluster");
  await pods(page, pod).last().click();
  await take("force-delete");
  await run(page, 360);
  await panel(page, "cluster");
  await take("twice");
  if (!narrow) {
    await pods(page, pod).first().click({ button: "right" });
    await take("menu");
    await page.keyboard.press("Escape");
    await page.locator("#share-button").click();
    await take("share");
    await page.keyboard.press("Escape");
    await page.locator('[data-meter="at-most-one"]').click();
    await take("evidence");
    await page.keyboard.press("Escape");
    await page.locator("#compare-button").click();
    await page.locator('.compare-body[data-compared="true"]').waitFor();
    await take("compare");
    await page.keyboard.press("Escape");
    await page.locator('[data-facts="Claims"]').click();
    await page.locator(".facts .row-button").last().click();
    await page.locator('[id="tab-Own"]').click();
    await take("disk");
    await page.locator("#ask-dns").click();
    await page.locator("#dns-ask").click();
    await take("dns");
    await page.locator('[data-facts="Locks"]').click();
    await take("locks");
    await page.locator('[data-facts="Pods"]').click();
    for (const name of ["nginx-web.yaml", "my-sts.yaml", "shared-claim.yaml", "pdb.yaml", "large.yaml"]) {
      await example(page, name);
      await pause(page);
      await take(name.replace(".yaml", ""));
    }
  } else {
    for (const name of ["manifests", "console", "more"]) {
      await panel(page, name);
      await take(name);
    }
  }
}

const server = await startServer();
try {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      if (only.length > 0 && !only.includes(`${size}-${colorScheme}`)) continue;
      const page = await openApp({ url: server.url, viewport, colorScheme, allow: [/./] });
      const take = async (name) => {
        await page.waitForTimeout(150);
        console.log(await screenshot(page, `${name}-${size}-${colorScheme}`));
      };
      await moments(page, take, size === "phone");
      await page.finish();
    }
  }
} finally {
  await shutDown();
  await server.close();
}
