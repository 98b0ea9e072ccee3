import petri from "./static/petri/plugins/remark.mjs";

export default {
  title: "Petri in Docusaurus",
  url: "http://127.0.0.1",
  baseUrl: "/",
  trailingSlash: true,
  scripts: [{ src: "/petri/embed.js", type: "module" }],
  presets: [
    [
      "classic",
      {
        docs: {
          routeBasePath: "/",
          remarkPlugins: [[petri, { home: "/petri/" }]],
        },
        blog: false,
        pages: false,
      },
    ],
  ],
  themeConfig: { navbar: { title: "Petri" } },
};
