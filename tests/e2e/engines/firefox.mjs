// Firefox, driven by WebDriver BiDi.

import puppeteer from "puppeteer-core";

export const PROGRAMS = [process.env.FIREFOX || "/usr/bin/firefox-esr"];

export async function firefox() {
  const extraPrefsFirefox = { "layout.css.prefers-color-scheme.content-override": 1, "ui.prefersReducedMotion": 0 };
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: PROGRAMS[0], headless: true, extraPrefsFirefox });
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));

  /** The page, or the frame of one of its clusters. */
  const place = async (nth) => {
    if (nth === undefined) return page;
    const element = await page.evaluateHandle((nth) => document.querySelectorAll("petri-cluster")[nth].shadowRoot.querySelector("iframe"), nth);
    const frame = await element.contentFrame();
    await element.dispose();
    return frame;
  };
  return {
    /** Errors in the console, in the page and in its frames. */
    problems,
    /** Whether it has a cache. */
    keeps: true,
    go: (url) => page.goto(url, { waitUntil: "load" }),
    resize: ([width, height]) => page.setViewport({ width, height }),
    evaluate: async (nth, work, ...given) => (await place(nth)).evaluate(work, ...given),
    async click(nth, find, ...given) {
      const element = await (await place(nth)).evaluateHandle(find, ...given);
      await element.click();
      await element.dispose();
    },
    close: () => browser.close(),
  };
}
