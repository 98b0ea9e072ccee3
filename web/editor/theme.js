// The editor's look, in the page's own variables: a change of palette needs no word to the editor.

import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const floating = {
  background: "var(--raised)",
  color: "var(--text)",
  border: "1px solid var(--line-strong)",
  borderRadius: "var(--r-2)",
  boxShadow: "var(--lift-2)",
  font: "var(--fs-2)/var(--lh-2) var(--sans)",
};

const squiggle = (colour) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy var(${colour}) 1.5px`,
  textUnderlineOffset: "3px",
  textDecorationSkipInk: "none",
});

// Severity is told by shape as well as by colour: a square, a triangle, a ring.
const marker = (colour, shape) => ({
  content: '""',
  boxSizing: "border-box",
  width: "9px",
  height: "9px",
  margin: "4px 2px",
  ...(shape === "ring"
    ? { border: `2px solid var(${colour})`, borderRadius: "50%" }
    : { background: `var(${colour})`, clipPath: shape }),
});

const spec = {
  "&": { height: "100%", background: "var(--panel)", color: "var(--text)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { font: "var(--fs-2)/17px var(--mono)", fontFeatureSettings: '"calt" 0' },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 12px 0 6px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { background: "var(--panel)", color: "var(--text-3)", border: "none", fontSize: "var(--fs-1)" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "26px", padding: "0 6px 0 4px" },
  ".cm-gutter-lint": { width: "13px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "var(--sunken)" },
  ".cm-selectionLayer .cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":
    { background: "var(--accent-soft)" },
  ".cm-selectionMatch": { background: "var(--accent-soft)" },
  ".cm-searchMatch": { background: "var(--amber-soft)", outline: "1px solid var(--amber)" },
  ".cm-lintRange-error": squiggle("--red"),
  ".cm-lintRange-warning": squiggle("--amber"),
  ".cm-lintRange-info, .cm-lintRange-hint": {
    backgroundImage: "none",
    textDecoration: "underline dotted var(--text-3) 1.5px",
    textUnderlineOffset: "3px",
  },
  ".cm-lint-marker": { width: "auto", height: "auto", content: "none" },
  ".cm-lint-marker-error, .cm-lint-marker-warning, .cm-lint-marker-info, .cm-lint-marker-hint": { content: "none" },
  ".cm-lint-marker::after": { display: "block" },
  ".cm-lint-marker-error::after": marker("--red", "inset(0)"),
  ".cm-lint-marker-warning::after": marker("--amber", "polygon(50% 0, 100% 100%, 0 100%)"),
  ".cm-lint-marker-info::after, .cm-lint-marker-hint::after": marker("--text-3", "ring"),
  ".cm-tooltip": floating,
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent)", color: "var(--ink-inverse)" },
  ".cm-completionDetail": { color: "inherit", opacity: "0.8", fontStyle: "normal" },
  ".cm-diagnostic": { padding: "4px 8px", maxWidth: "48ch", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--red)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--amber)" },
  ".cm-diagnostic-info, .cm-diagnostic-hint": { borderLeftColor: "var(--line-strong)" },
  // Below what floats over the page.
  ".cm-panels": { zIndex: "2", background: "var(--raised)", color: "var(--text)", font: "var(--fs-2)/var(--lh-2) var(--sans)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-textfield": {
    background: "var(--panel)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r-1)",
    font: "inherit",
  },
  ".cm-button": {
    background: "var(--panel)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r-1)",
    font: "inherit",
    minHeight: "var(--target)",
  },
  ".petri-changed": { boxShadow: "inset 3px 0 0 var(--accent)" },
  // Two thin rules: the file and the cluster, apart.
  ".petri-drift": { boxShadow: "inset 1.5px 0 0 var(--text-2), inset 3.5px 0 0 var(--panel), inset 5px 0 0 var(--text-2)" },
  ".petri-take": {
    font: "var(--fs-1)/15px var(--sans)",
    color: "var(--accent)",
    background: "none",
    border: "0",
    padding: "0 4px",
    textDecoration: "underline",
    cursor: "pointer",
  },
  ".petri-badge": {
    font: "var(--fs-1)/15px var(--sans)",
    color: "var(--text-3)",
    border: "1px dashed var(--line-strong)",
    borderRadius: "var(--r-1)",
    padding: "0 4px",
    marginLeft: "12px",
    whiteSpace: "nowrap",
    userSelect: "none",
  },
  ".cm-completionInfo": { maxWidth: "34ch", padding: "4px 8px" },
  ".cm-completionLabel": { fontFamily: "var(--mono)" },
  ".petri-about": { padding: "3px 12px", minHeight: "23px", color: "var(--text-2)", fontSize: "var(--fs-1)", overflowWrap: "anywhere" },
  ".petri-about b": { color: "var(--text)", fontFamily: "var(--mono)", fontWeight: "500" },
  ".petri-hover": { padding: "4px 8px", maxWidth: "48ch", whiteSpace: "pre-wrap" },
};

export const theme = (dark) => EditorView.theme(spec, { dark });

export const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--text-2)" },
  { tag: [tags.string, tags.special(tags.string), tags.content, tags.attributeValue], color: "var(--text)" },
  { tag: [tags.comment, tags.meta, tags.separator, tags.punctuation], color: "var(--text-3)" },
  { tag: [tags.keyword, tags.labelName, tags.typeName], color: "var(--accent)" },
  { tag: tags.invalid, color: "var(--red)" },
]);
