// Fences as clusters, for tools that read Markdown with remark: Docusaurus, Starlight, Astro.
//
//   remarkPlugins: [[petri, { home: "/petri/" }]]
//
// `home` is where the folder of Petri is served. In VitePress, which reads Markdown otherwise, use `markdownIt` below.

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** The words behind `petri`; nothing if the block is none of ours. */
export function wordsOf(info, body) {
  const [language, ...rest] = (info ?? "").trim().split(/[\s,]+/);
  const words = rest.join(" ").replace(/[{}]/g, "");
  if (/^[{.]*petri}?$/.test(language)) return words;
  if (!/^ya?ml$/.test(language)) return null;
  if (words.startsWith("petri")) return words.slice(5).trim();
  return /^\s*#\s*petri(:|\s*$)/m.test(body.split("\n", 1)[0]) ? words : null;
}

/** Names and values of `height=420 title="A node goes quiet" autoplay`. */
export function attributesOf(words) {
  const found = words.matchAll(/([a-z][\w-]*)(?:=(?:"([^"]*)"|'([^']*)'|(\S+)))?/gi);
  return [...found].map(([, name, double, single, bare]) => [name, double ?? single ?? bare ?? ""]).filter(([name]) => !/^on/i.test(name));
}

/** What opens a fence behind the address of Petri: those of its attributes that are not about looks, and its text. */
export function addressOf(attributes, body) {
  const said = attributes.filter(([name]) => /^(example|lesson|recording|scenario|seed|title|engine)$/.test(name));
  const search = said.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${search && `?${search}`}#fence=${encodeURIComponent(body)}`;
}

/** The element, readable where no script runs. `more` goes into its tag. */
export function element(words, body, home, more = "") {
  const pairs = attributesOf(words);
  const attributes = pairs.map(([name, value]) => ` ${name}="${escape(value)}"`).join("");
  const code = escape(body.trimEnd()).replaceAll("\n", "&#10;");
  return `<petri-cluster${more}${attributes} src="${escape(home)}"><pre><code>${code}</code></pre><a href="${escape(home + addressOf(pairs, body))}">Open in Petri</a></petri-cluster>`;
}

/** For remark. In MDX the element is one of the tree's own, elsewhere it is HTML. */
export default function petri({ home = "/petri/", mdx = true } = {}) {
  const own = (name, attributes, children) => ({
    type: "mdxJsxFlowElement",
    name,
    // As if it stood in the page: not with what the theme puts in the place of links and of code.
    data: { _mdxExplicitJsx: true },
    attributes: attributes.map(([name, value]) => ({ type: "mdxJsxAttribute", name, value })),
    children,
  });
  const text = (value) => ({ type: "text", value });
  // Remark takes the spaces around a line break inside of a text for ones that mean nothing.
  const lines = (value) => value.split(/(\n)/).map(text);
  return (tree, file) => {
    const inMdx = mdx && /\.mdx?$/.test(file?.path ?? "") && (mdx === true ? isMdx(tree, file) : mdx);
    const walk = (node) => {
      node.children?.forEach((child, at) => {
        if (child.type !== "code") return walk(child);
        const words = wordsOf(`${child.lang ?? ""} ${child.meta ?? ""}`, child.value);
        if (words === null) return;
        const body = `${child.value}\n`;
        node.children[at] = inMdx
          ? own("petri-cluster", [...attributesOf(words), ["src", home]], [
              own("pre", [], [own("code", [], lines(child.value))]),
              own("a", [["href", home + addressOf(attributesOf(words), body)]], [text("Open in Petri")]),
            ])
          : { type: "html", value: element(words, body, home) };
      });
    };
    walk(tree);
  };
}

/** Docusaurus reads every page as MDX, others only those that are called so. */
const isMdx = (tree, file) => /\.mdx$/.test(file.path) || Boolean(file.data?.frontMatter || file.data?.contentTitle !== undefined || globalThis.process?.env?.DOCUSAURUS_CURRENT_LOCALE);

/** For markdown-it, which VitePress reads Markdown with: `markdown: { config: (md) => markdownIt(md, { home }) }`. */
export function markdownIt(md, { home = "/petri/" } = {}) {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, at, ...rest) => {
    const { info, content } = tokens[at];
    const words = wordsOf(info, content);
    // Vue takes it for a component of its own otherwise, and `{{ }}` in it for an expression.
    return words === null ? fence(tokens, at, ...rest) : `${element(words, content, home, " v-pre")}\n`;
  };
}
