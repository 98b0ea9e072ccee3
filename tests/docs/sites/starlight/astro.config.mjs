import starlight from "@astrojs/starlight";
import { defineConfig } from "astro/config";
import petri from "./public/petri/plugins/remark.mjs";

export default defineConfig({
  markdown: { remarkPlugins: [[petri, { home: "/petri/" }]] },
  integrations: [
    starlight({
      title: "Petri in Starlight",
      head: [{ tag: "script", attrs: { type: "module", src: "/petri/embed.js" } }],
      sidebar: [{ label: "Node", link: "/" }, { label: "Lesson", link: "/other/" }],
      pagefind: false,
    }),
  ],
});
