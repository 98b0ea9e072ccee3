// How a reader asks each tool for another theme.

/** By its folder: brings the page to be `dark` or `light`. */
export const TOGGLES = {
  html: (page, wanted) => page.evaluate((wanted) => document.body.classList.toggle("dark", wanted === "dark"), wanted),
  mdbook: async (page, wanted) => {
    const choice = page.locator(wanted === "dark" ? "#mdbook-theme-coal" : "#mdbook-theme-light");
    if (!(await choice.isVisible())) await page.locator("#mdbook-theme-toggle").click();
    await choice.click();
  },
  mkdocs: (page) => page.locator("label[for^=__palette]:visible").click(),
  vitepress: (page) => page.locator(".VPSwitchAppearance:visible").first().click(),
  docusaurus: async (page, wanted) => {
    // Its toggle goes round by way of what the system says.
    const button = page.locator("button[class*=toggleButton]:visible").first();
    for (let nth = 0; nth < 3 && (await page.evaluate(() => document.documentElement.dataset.theme)) !== wanted; nth += 1) await button.click();
  },
  sphinx: async (page, wanted) => {
    const button = page.locator("button.theme-toggle:visible").first();
    for (let nth = 0; nth < 3 && (await page.evaluate(() => document.body.dataset.theme)) !== wanted; nth += 1) await button.click();
  },
  starlight: (page, wanted) => page.locator("starlight-theme-select select:visible").first().selectOption(wanted),
};
