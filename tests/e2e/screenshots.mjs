// Pictures of moments, for people to look at: tests/e2e/output/<moment>-light.png, -dark.png, -390.png, and -zoom.png for a
// laptop at 200 %.
//
// node screenshots.mjs [part of a name ...]

import { openApp, screenshot, shutDown, startServer } from "./harness.mjs";
import { drawn, example, manifests, panel, paste, pause, pods, run, say, shown, suggestion } from "./steps.mjs";

const WIDE = { width: 1440, height: 900 };
const LOOKS = {
  light: { viewport: WIDE, colorScheme: "light" },
  dark: { viewport: WIDE, colorScheme: "dark" },
  390: { viewport: { width: 390, height: 844 }, colorScheme: "light", deviceScaleFactor: 2 },
  // What 1440 x 900 pixels are at 200 %.
  zoom: { viewport: { width: 720, height: 450 }, colorScheme: "light", deviceScaleFactor: 2 },
};

async function cut(page) {
  const found = await suggestion(page);
  await page.locator("#try-button").click();
  return found;
}

/** Waits until a console line that moves time has done so. */
async function moved(page, line) {
  await say(page, line);
  await page.waitForFunction(() => document.querySelector("#play").getAttribute("aria-label").startsWith("Play"));
  await drawn(page);
}

async function select(page, pod, state) {
  await panel(page, "cluster");
  await pods(page, pod, state).last().click();
}

/** Applies a manifest of the engine's own transcripts. */
async function applied(page, transcript) {
  await panel(page, "manifests");
  await paste(page, await manifests(transcript));
  await page.locator("#apply").click();
  await drawn(page);
}

async function fact(page, name, row) {
  await panel(page, "cluster");
  await page.locator(`[data-facts="${name}"]`).click();
  if (row) await page.locator(".facts .row-button", { hasText: row }).first().click();
}

/** What the inspector shows is one of the panels on a phone. */
async function inspector(page, tab) {
  await panel(page, "why");
  if (tab) await page.locator(`[id="tab-${tab}"]`).click();
}

/** A second set beside that of the first visit. */
const DB = `apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: pg, image: "postgres:17" }] }
  volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

const MOMENTS = {
  "first-visit": async () => {},
  "ordered-start": async (page) => {
    await say(page, "kubectl scale sts/rg --replicas=4");
    await moved(page, "run until pod/rg-2 Ready");
    await moved(page, "run 3s");
    await select(page, "rg-3");
  },
  "scale-down": async (page) => {
    await say(page, "kubectl scale sts/rg --replicas=4");
    await run(page, 60);
    await say(page, "kubectl scale sts/rg --replicas=1");
    await run(page, 60);
    await fact(page, "Claims", "logs-rg-1");
  },
  partition: async (page) => {
    await panel(page, "why");
    const { node } = await cut(page);
    await run(page, 60);
    await panel(page, "cluster");
    await page.locator(`svg [data-node="${node}"]`).first().press("Enter");
  },
  terminating: async (page) => {
    await panel(page, "why");
    const { pod } = await cut(page);
    await run(page, 360);
    await select(page, pod);
  },
  "force-delete": async (page) => {
    await panel(page, "why");
    const { pod } = await cut(page);
    await run(page, 360);
    await say(page, `kubectl delete pod ${pod} --force --grace-period=0`);
    await run(page, 10);
    await select(page, pod, "ghost");
  },
  budget: async (page, narrow) => {
    if (narrow) {
      await panel(page, "more");
      await page.locator(".more .btn", { hasText: "Examples" }).click();
      await page.locator('[data-example="pdb.yaml"]').click();
      await shown(page, "pdb.yaml");
    } else {
      await example(page, "pdb.yaml");
    }
    await pause(page);
    await fact(page, "Budgets", "random-generator-pdb");
    await inspector(page, "Own");
    await page.locator('[data-panel="budget"] [data-guarded] .act').first().click();
    await drawn(page);
    await page.locator('[data-panel="budget"] [data-refused="true"] .act').first().click();
    await drawn(page);
  },
  "two-sets": async (page) => {
    await panel(page, "manifests");
    await paste(page, DB);
    await page.locator("#apply").click();
    await moved(page, "run until sts/db Ready");
    await moved(page, "run 20s");
    await say(page, "cut $(kubectl get pod db-0 --template {{.spec.nodeName}})");
    await moved(page, "run 60s");
    await panel(page, "cluster");
  },
  share: async (page, narrow) => {
    await panel(page, "why");
    await cut(page);
    await run(page, 60);
    if (narrow) {
      await panel(page, "more");
      await page.locator(".more .btn", { hasText: "Share" }).click();
    } else {
      await page.locator("#share-button").click();
    }
    await page.locator('.share [data-form="Picture"]').click();
    await page.locator(".share .shot").evaluate((shot) => shot.decode());
  },
  logs: async (page) => {
    await say(page, "kubectl exec rg-0 -- sh -c 'echo here > /logs/mark'");
    await select(page, "rg-0");
    await inspector(page, "Own");
    await page.locator('[data-panel="logs"]').waitFor();
  },
  "lease-failover": async (page) => {
    await say(page, "kubectl delete sts/rg");
    await applied(page, "a-fence-keeps-the-past-out");
    await run(page, 60);
    await fact(page, "Locks");
    const row = page.locator(".facts tr", { hasText: "lease-" }).first();
    const [, leader] = /(lease-\d)_/.exec(await row.innerText());
    await say(page, `hang ${leader}`);
    await moved(page, "run 30s");
    await fact(page, "Locks");
    await row.locator("button").click();
    await inspector(page);
  },
  "stuck-rollout": async (page) => {
    await say(page, "kubectl delete sts/rg");
    await applied(page, "a-bad-template-and-back");
    await moved(page, "run until sts/web Ready");
    await say(page, "kubectl set image sts/web nginx=nginx:bad");
    await moved(page, "run 5m");
    await select(page, "web-2");
    await inspector(page, "Why");
  },
  compare: async (page, narrow) => {
    await panel(page, "why");
    const { pod } = await cut(page);
    await run(page, 360);
    await say(page, `kubectl delete pod ${pod} --force --grace-period=0`);
    await run(page, 360);
    await run(page, 60);
    if (narrow) await panel(page, "more");
    await page.locator("#compare-button").click();
    await page.locator('.compare-sides[data-compared="true"]').waitFor();
  },
};

const only = process.argv.slice(2);
let taken = 0;
const server = await startServer();
try {
  for (const [moment, tell] of Object.entries(MOMENTS)) {
    for (const [look, options] of Object.entries(LOOKS)) {
      const name = `${moment}-${look}`;
      if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
      const page = await openApp({ url: server.url, ...options });
      const narrow = options.viewport.width < 1100;
      if (!narrow) await page.locator('[data-editor="codemirror"]').waitFor();
      await pause(page);
      await tell(page, narrow);
      await page.mouse.move(0, 0);
      await page.waitForTimeout(150);
      console.log(await screenshot(page, name));
      taken += 1;
      await page.finish();
    }
  }
} finally {
  await shutDown();
  await server.close();
}
if (taken === 0) {
  console.error(`no picture is called anything like ${only.join(" or ")}`);
  process.exitCode = 1;
}
