import { markdownIt } from "../public/petri/plugins/remark.mjs";

export default {
  title: "Petri in VitePress",
  head: [["script", { type: "module", src: "/petri/embed.js" }]],
  markdown: { config: (md) => markdownIt(md, { home: "/petri/" }) },
  themeConfig: { sidebar: [{ text: "Node", link: "/" }, { text: "Lesson", link: "/other" }] },
};
