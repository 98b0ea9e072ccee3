// The peer's side of a scenario: the same cluster in @ngrok/webernetes, and what it cost as JSON.
//
// node peer.mjs replicas <nodes> <replicas>     from applying a Deployment until every replica is Ready
// node peer.mjs fast-forward <pods>             one virtual hour with a readiness probe every 5 s on each pod

import { BaseImage, Cluster } from "@ngrok/webernetes";

/** Gives up after this long, and says how far it got. */
const PATIENCE_MS = 180_000;
const HOUR_MS = 3_600_000;
/** A longer run tells nothing new: the rest of the hour costs the same. */
const FAST_FORWARD_MS = 20_000;

class Server extends BaseImage {
  static imageName = "server";
  static imageVersion = "1";
  defaultCommand = ["serve"];

  async exec(context, words) {
    if (words[0] !== "serve") return super.exec(context, words);
    context.listenHttp(8080, async () => ({ status: 200, body: "" }));
    return context.waitUntilKilled();
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function cluster(nodes) {
  const made = new Cluster({ nodes });
  made.registerImage(Server);
  await made.init();
  return made;
}

function deployment(replicas, probe) {
  const container = { name: "server", image: "server:1" };
  if (probe) container.readinessProbe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 5 };
  const labels = { app: "bench" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "bench", namespace: "default" },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
  };
}

async function untilReady(of, replicas) {
  const deadline = performance.now() + PATIENCE_MS;
  let ready = 0;
  while (ready < replicas && performance.now() < deadline) {
    await pause(20);
    const read = await of.api.appsv1.readNamespacedDeployment({ name: "bench", namespace: "default" });
    ready = read.status?.readyReplicas ?? 0;
  }
  return ready;
}

function meter() {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return {
      wall_ms: performance.now() - start,
      cpu_ms: (user + system) / 1000,
      memory_bytes: process.memoryUsage().rss,
    };
  };
}

async function replicas(nodes, wanted) {
  const on = await cluster(nodes);
  const cost = meter();
  await on.apply([deployment(wanted, false)]);
  const ready = await untilReady(on, wanted);
  return { ...cost(), ready };
}

async function fastForward(pods) {
  const on = await cluster(3);
  await on.apply([deployment(pods, true)]);
  const ready = await untilReady(on, pods);
  on.pause();
  const from = on.clock.nowMs();
  const cost = meter();
  const deadline = performance.now() + FAST_FORWARD_MS;
  while (performance.now() < deadline && on.clock.nowMs() - from < HOUR_MS) {
    on.clock.step(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const spent = cost();
  const virtual_ms = on.clock.nowMs() - from;
  // Figures are for the whole hour, whether or not it was reached.
  const scale = HOUR_MS / virtual_ms;
  return { ...spent, wall_ms: spent.wall_ms * scale, cpu_ms: spent.cpu_ms * scale, virtual_ms, ready };
}

const [what, ...figures] = process.argv.slice(2);
const numbers = figures.map(Number);
const result = what === "replicas" ? await replicas(...numbers) : await fastForward(...numbers);
console.log(JSON.stringify(result));
process.exit(0);
