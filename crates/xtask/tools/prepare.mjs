// Runs the page's `prepare` without a page, and writes the memory that it leaves.
//
// node prepare.mjs <module.wasm> <memory>

import { readFileSync, writeFileSync } from "node:fs";

const [path, memory] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
const imports = {};
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  if (kind !== "function") throw new Error(`${name} is a ${kind}, which only a page has`);
  (imports[from] ??= {})[name] = () => {
    throw new Error(`${name} was called, but there is no page yet`);
  };
}
const { exports } = new WebAssembly.Instance(module, imports);
exports.prepare();
writeFileSync(memory, new Uint8Array(exports.memory.buffer));
