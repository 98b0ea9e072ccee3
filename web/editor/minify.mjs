// Makes a module of the built page smaller, in place: node minify.mjs FILE

import { readFile, writeFile } from "node:fs/promises";
import { transform } from "esbuild";

const [file] = process.argv.slice(2);
const { code } = await transform(await readFile(file, "utf8"), { minify: true, format: "esm", target: "es2022", legalComments: "none" });
await writeFile(file, code);
