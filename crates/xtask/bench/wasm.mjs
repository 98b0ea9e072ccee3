// Runs one scenario of the page's own WebAssembly in Node, and prints what it cost as JSON.
//
// node --no-liftoff --no-wasm-lazy-compilation wasm.mjs <module.mjs> <module.wasm> <scenario>

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [module, wasm, scenario] = process.argv.slice(2);
const page = await import(pathToFileURL(module).href);
const { memory } = await page.default({ module_or_path: await readFile(wasm) });
if (typeof page.bench !== "function") throw new Error("the page exports no function `bench(name)`");

// Compiling is not what is measured. Without the two switches V8 compiles each function at its first call and the busy ones
// again, which is half of the time of so short a run.
const cpu = process.cpuUsage();
const start = performance.now();
const told = page.bench(scenario);
const wall = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);

console.log(
  JSON.stringify({
    name: scenario,
    wall_ms: wall,
    cpu_ms: (user + system) / 1000,
    // The whole process, as for the peer; what the module itself holds is beside it.
    memory_bytes: process.memoryUsage().rss,
    wasm_memory_bytes: memory.buffer.byteLength,
    // What times itself knows better.
    ...told,
  }),
);
