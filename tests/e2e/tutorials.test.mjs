// Two tutorials of the documentation, typed line by line as a reader types them, on a desk and on a phone. Their whole texts
// are played in tests/transcripts/tutorial-*.md; here is what the page makes of them: lines that wait while the clock runs,
// a shell in a container with its prompt, files of the documentation, and the picture.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { openApp, shutDown, startServer } from "./harness.mjs";
import { answered, drawn, panel, pods } from "./steps.mjs";

let server;
before(async () => (server = await startServer()));
after(async () => {
  await shutDown();
  await server?.close();
});

const SCREENS = {
  "on a desk": { viewport: { width: 1440, height: 900 } },
  "on a phone": { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

/** Types each line, and waits for what its answer holds. */
async function type(page, lines) {
  for (const [line, pattern] of lines) {
    await panel(page, "console");
    await answered(page, line, pattern).catch(async (error) => {
      throw new Error(`${line}\n${(await page.locator(".term").innerText()).slice(-800)}`, { cause: error });
    });
  }
}

/** A hundred seconds in one: who waits for a rollout does not wait for long. */
async function quickly(page) {
  await page.locator("#speed-button").click();
  await page.locator('[data-speed="100000"]').click();
}

/** Waits for a prompt: it comes when the line before has ended. */
const prompted = (page, pattern) =>
  page.waitForFunction(
    ([source]) => new RegExp(source).test(document.querySelector(".command-line label").innerText.trim()),
    [pattern.source],
  );

const IMAGES = `for p in 0 1 2; do kubectl get pod "web-$p" --template '{{range $i, $c := .spec.containers}}{{$c.image}}{{end}}'; echo; done`;
const image = (tag) => `[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"registry.k8s.io/nginx-slim:${tag}"}]`;

for (const [screen, options] of Object.entries(SCREENS)) {
  describe(screen, { concurrency: false }, () => {
    test("StatefulSet Basics", async () => {
      const page = await openApp({ url: server.url, ...options });
      await quickly(page);
      await type(page, [
        ["kubectl apply -f https://k8s.io/examples/application/web/web.yaml", /statefulset\.apps\/web created/],
        ["kubectl rollout status sts/web", /roll out complete: 2 new pods/],
        ['for i in 0 1; do kubectl exec "web-$i" -- sh -c \'hostname\'; done', /web-0\s+web-1/],
        ["kubectl run -i --tty --image busybox:1.28 dns-test --restart=Never --rm", /try pressing enter/],
      ]);
      await prompted(page, /^dns-test:.*#/);
      await type(page, [
        ["nslookup web-0.nginx", /web-0\.nginx\.default\.svc\.cluster\.local/],
        ["exit", /"dns-test" deleted/],
      ]);
      await prompted(page, /^\$$/);
      await type(page, [
        ['for i in 0 1; do kubectl exec "web-$i" -- sh -c \'echo "$(hostname)" > /usr/share/nginx/html/index.html\'; done; echo kept', /\nkept/],
        ["kubectl delete pod -l app=nginx", /"web-1" deleted/],
        ["kubectl rollout status sts/web", /roll out complete: 2 new pods/],
        ['for i in 0 1; do kubectl exec -i -t "web-$i" -- curl http://localhost/; done', /web-0\s+web-1/],
        ["kubectl scale sts web --replicas=3", /statefulset\.apps\/web scaled/],
        ["kubectl rollout status sts/web", /roll out complete: 3 new pods/],
        ["kubectl patch statefulset web -p '{\"spec\":{\"updateStrategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"partition\":2}}}}'", /statefulset\.apps\/web patched/],
        [`kubectl patch statefulset web --type='json' -p='${image("0.24")}'`, /statefulset\.apps\/web patched/],
        ["kubectl rollout status sts/web", /complete: 1 new pods/],
        [IMAGES, /nginx-slim:(?!0\.24)\S+\s+\S+:(?!0\.24)\S+\s+\S+:0\.24/],
      ]);
      await panel(page, "cluster");
      await drawn(page);
      for (const pod of ["web-0", "web-1", "web-2"]) assert.equal(await pods(page, pod).count() > 0, true, pod);
      await type(page, [
        ["kubectl delete statefulset web --cascade=orphan", /"web" deleted/],
        ["kubectl get pods -l app=nginx", /web-0\s+1\/1\s+Running/],
        ["kubectl get pvc -l app=nginx", /www-web-2\s+Bound/],
      ]);
      await page.finish();
    });

    test("ZooKeeper: maintenance waits for the budget", async () => {
      const page = await openApp({ url: server.url, ...options });
      await quickly(page);
      const drain = (pod) =>
        `kubectl drain $(kubectl get pod ${pod} --template {{.spec.nodeName}}) --ignore-daemonsets --force --delete-emptydir-data`;
      await type(page, [
        ["kubectl apply -f https://k8s.io/examples/application/zookeeper/zookeeper.yaml", /statefulset\.apps\/zk created/],
        ["kubectl rollout status sts/zk", /rolling update complete 3 pods/],
        ["kubectl exec zk-0 -- zkCli.sh create /hello world", /Created \/hello/],
        ["kubectl exec zk-1 -- zkCli.sh get /hello", /\nworld\n/],
        [drain("zk-0"), /drained/],
        // A member that is gone is all that the budget has to give.
        ["power off $(kubectl get pod zk-2 --template {{.spec.nodeName}})", /is off/],
        ["kubectl wait --for=condition=Ready=false pod/zk-2 --timeout=5m", /condition met/],
        [`timeout 30s ${drain("zk-1")}`, /violate the pod's disruption budget/],
      ]);
      await type(page, [
        ["for n in 0 1 2 3; do power on node-$n; kubectl uncordon node-$n; done", /node-3 (already )?uncordoned/],
        ["kubectl rollout status sts/zk", /rolling update complete 3 pods|roll out complete/],
        ["kubectl exec zk-2 -- zkCli.sh get /hello", /\nworld\n/],
      ]);
      await panel(page, "cluster");
      await page.locator('[data-facts="Budgets"]').click();
      assert.match(await page.locator(".facts").first().innerText(), /zk-pdb/);
      await page.finish();
    });
  });
}
