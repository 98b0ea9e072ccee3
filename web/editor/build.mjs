// Bundles what the page needs beside its WebAssembly into target/bundle: the editor, the styles, the boot script, and what
// other people's pages and scripts import.
// Trunk runs this before every build; it takes a tenth of a second.

import { copyFile, cp, mkdir, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const common = { absWorkingDir: root, bundle: true, minify: true, legalComments: "none", logLevel: "warning" };

// Types, plugins and the package's own description go as they are.
await cp(`${root}/web/embed`, `${root}/target/bundle/embed`, { recursive: true });


// Lessons are served as text: documentation tools and hosts keep Markdown for themselves.
await mkdir(`${root}/target/bundle/lessons`, { recursive: true });
for (const name of await readdir(`${root}/crates/lessons/content`)) {
  await copyFile(`${root}/crates/lessons/content/${name}`, `${root}/target/bundle/lessons/${name}.txt`);
}

await Promise.all([
  build({
    ...common,
    bundle: false,
    entryPoints: ["web/embed/embed.js", "web/embed/petri.js"],
    format: "esm",
    target: "es2022",
    outdir: "target/bundle/embed",
    allowOverwrite: true,
  }),
  build({ ...common, entryPoints: ["web/editor/editor.js"], format: "esm", target: "es2022", outfile: "target/bundle/editor/editor.js" }),
  build({ ...common, entryPoints: ["web/assets/boot.js"], format: "esm", target: "es2022", outfile: "target/bundle/boot.js" }),
  build({
    ...common,
    stdin: {
      contents: '@import "./assets/boot.css"; @import "./styles/main.css";',
      resolveDir: `${root}/web`,
      loader: "css",
    },
    // Pictures and fonts keep their place beside the page; only stylesheets are joined.
    external: ["*.svg", "*.woff2"],
    outfile: "target/bundle/page.css",
  }),
]);
