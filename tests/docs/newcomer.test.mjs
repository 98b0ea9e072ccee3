// What somebody has who did in an empty folder what the README says: a page, and a cluster that works in it.
//
// `cargo xtask docs` runs the README's commands. `PETRI_DOCS` names the folder that they were run below, `PETRI_DOCS_TOOLS`
// the tools.

import { join } from "node:path";
import { after, test } from "node:test";
import { openPage, shutDown, startServer } from "../e2e/harness.mjs";

/** What each tool builds, and the page that was edited. */
const PAGES = { html: [".", "index.html"], mdbook: ["book", "chapter_1.html"], mkdocs: ["site", ""] };

after(shutDown);

for (const tool of (process.env.PETRI_DOCS_TOOLS ?? "").split(",").filter(Boolean)) {
  test(`the README is enough: ${tool}`, async (t) => {
    const [out, address] = PAGES[tool];
    const server = await startServer({ dist: join(process.env.PETRI_DOCS, "newcomer", tool, out) });
    t.after(() => server.close());
    const page = await openPage({ url: server.url + address, allow: [/favicon/, /404 \(Not Found\)/] });
    await page.locator("petri-cluster").getByRole("button", { name: "Start this cluster" }).click();
    const frame = page.locator("petri-cluster").frameLocator("iframe");
    await frame.locator(".picture svg, .picture .node").first().waitFor();
    await frame.locator(".claims li").getByRole("button").click();
    await frame.locator('.claims li[data-claim="holds"]').waitFor();
    await page.finish();
  });
}
