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
clearFreeMemory(exports);
writeFileSync(memory, new Uint8Array(exports.memory.buffer));

/**
 * Fills memory that is not in use with zeros, which cost nothing to fetch. What is free, only the allocator knows, so
 * all of it is taken, cleared and given back. Sizes go down by the smallest step that the allocator makes: then each
 * gap is taken in one piece, and no book-keeping stays behind in the middle of it.
 */
function clearFreeMemory({ memory, __wbindgen_malloc: take, __wbindgen_free: giveBack }) {
  const [ALIGN, LARGEST] = [4, 1 << 16];
  const taken = [];
  const clear = (size, before = Infinity) => {
    const at = take(size, ALIGN) >>> 0;
    const fits = at < before;
    if (fits) new Uint8Array(memory.buffer, at, size).fill(0);
    if (fits) taken.push([at, size]);
    else giveBack(at, size, ALIGN);
    return fits ? at : 0;
  };
  // Larger than any gap, so it begins where everything else ends: what lies behind is free as well.
  const end = clear(16 * LARGEST);
  for (let size = LARGEST; size > 0; size -= ALIGN) while (clear(size, end));
  // Whatever did not fit has left its mark behind the end.
  clear(2 * LARGEST);
  for (const [at, size] of taken) giveBack(at, size, ALIGN);
}
