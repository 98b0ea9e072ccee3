// The manifest editor: a thin, accessible shell around CodeMirror that asks the page for everything it shows.
//
// It knows YAML's shape for colours and indentation, and nothing about Kubernetes: problems, completions and hover
// texts come from outside. All positions are UTF-16 offsets into the text, as JavaScript counts.

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
  showPanel,
} from "@codemirror/view";

import { badges, changedLines, driftLines, setApplied, setBadges, setDrift } from "./marks.js";
import { colours, theme } from "./theme.js";

export { draw } from "./draw.js";
export { templates } from "./templates.js";

const KEYS_HELP =
  "Control or Command with Enter applies the manifest, with Shift as well it shows first what would change. Control with Space lists what could stand at the cursor, F1 explains what is there. Tab indents; to leave the editor by keyboard, press Escape and then Tab.";
const ABOUT_NOTHING = globalThis.matchMedia?.("(pointer: coarse)")?.matches ? "" : "Ctrl Space lists what could stand here.";

// Set on a transaction that the page itself asked for, so that it does not hear its own echo.
const fromPage = Annotation.define();
let editors = 0;

/**
 * Creates an editor inside `parent`, which should hold nothing else.
 *
 * Options, all but `doc` optional:
 * - `doc`: the text.
 * - `label`: what a screen reader calls the editor.
 * - `dark`: whether the dark palette is in use; colours themselves follow the page's CSS variables.
 * - `onChange(text)`: after each edit by the user, not after `setDoc`.
 * - `onApply(text)`: Mod-Enter was pressed.
 * - `diagnostics(text)`: asked a moment after each change; answers a list of
 *   `{ from, to, severity: "error" | "warning" | "info", message, badge? }`. A `badge` is drawn at the end of the line.
 * - `completions(text, position, explicit)`: answers null or
 *   `{ from, options: [{ label, detail?, info?, apply?, type? }] }`.
 * - `hover(text, position)`: answers null or `{ from, to, text }`.
 */
export function create(parent, options) {
  const { doc = "", label = "Manifest", dark = false } = options;
  const root = parent.ownerDocument.createElement("div");
  root.className = "petri-editor";
  root.style.height = "100%";
  const help = parent.ownerDocument.createElement("p");
  help.id = `petri-editor-help-${++editors}`;
  // A description is read out even when it is hidden, and hidden it takes no room.
  help.hidden = true;
  help.textContent = KEYS_HELP;
  const palette = new Compartment();
  let ruler = null;

  const view = new EditorView({
    parent: root,
    doc,
    extensions: [
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: (at) => apply(at, options) }])),
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      yaml(),
      indentUnit.of("  "),
      EditorState.tabSize.of(2),
      EditorState.allowMultipleSelections.of(true),
      syntaxHighlighting(colours),
      palette.of(theme(dark)),
      badges,
      changedLines,
      driftLines,
      problems(options),
      suggestions(options),
      explanations(options),
      aboutTheCursor(options),
      keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
      EditorView.contentAttributes.of({
        "aria-label": label,
        "aria-describedby": help.id,
        spellcheck: "false",
        autocapitalize: "off",
        autocorrect: "off",
        translate: "no",
      }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        ruler = null;
        if (!update.transactions.some((transaction) => transaction.annotation(fromPage))) {
          options.onChange?.(update.state.doc.toString());
        }
      }),
    ],
  });
  root.append(help);
  parent.append(root);
  if (options.diagnostics) forceLinting(view);

  return {
    getDoc: () => view.state.doc.toString(),

    /** Replaces the text if it differs; what stays equal at both ends keeps its cursor and its undo history. */
    setDoc(text) {
      const change = smallestChange(view.state.doc.toString(), text);
      if (change) view.dispatch({ changes: change, annotations: fromPage.of(true) });
    },

    /** Replaces every squiggle, gutter mark and badge. Positions out of the text are moved into it. */
    setDiagnostics(list) {
      show(view, list);
    },

    /** Tells which text the cluster was last given, if any: lines that differ from it are marked in the margin. */
    setApplied(text) {
      view.dispatch({ effects: setApplied.of(text ?? null) });
    },

    /** Marks lines from which the cluster differs. */
    setDrift(lines) {
      view.dispatch({ effects: setDrift.of({ lines, takeOver: options.onTakeOver }) });
    },

    setDark(on) {
      view.dispatch({ effects: palette.reconfigure(theme(on)) });
    },

    /** Selects a range and scrolls it into the middle of the editor. */
    revealRange(from, to = from) {
      const selection = clamp(view.state, from, to);
      view.dispatch({
        selection: { anchor: selection.from, head: selection.to },
        effects: EditorView.scrollIntoView(selection.from, { y: "center" }),
      });
    },

    /** The UTF-16 offset that belongs to a UTF-8 offset in the current text, for callers that count bytes. */
    offsetOfByte(byte) {
      ruler ??= byteRuler(view.state.doc.toString());
      return ruler(byte);
    },

    focus: () => view.focus(),

    destroy() {
      view.destroy();
      root.remove();
    },
  };
}

function apply(view, options) {
  options.onApply?.(view.state.doc.toString());
  return true;
}

function problems(options) {
  if (!options.diagnostics) return [];
  const source = (view) => {
    const list = options.diagnostics(view.state.doc.toString()) ?? [];
    // The lint source runs inside an update cycle of its own, so the badges have to wait for the next turn.
    queueMicrotask(() => view.dom.isConnected && view.dispatch({ effects: setBadges.of(badgesOf(view.state, list)) }));
    return list.map((item) => diagnostic(view.state, item));
  };
  return linter(source, { delay: 120 });
}

function show(view, list) {
  const own = setDiagnostics(view.state, list.map((item) => diagnostic(view.state, item)));
  view.dispatch(own, { effects: setBadges.of(badgesOf(view.state, list)) });
}

function diagnostic(state, { from, to, severity, message }) {
  return { ...clamp(state, from, to), severity, message };
}

function badgesOf(state, list) {
  return list.filter((item) => item.badge).map((item) => ({ at: clamp(state, item.from, item.to).from, text: item.badge }));
}

function clamp(state, from, to) {
  const start = Math.max(0, Math.min(from, state.doc.length));
  return { from: start, to: Math.max(start, Math.min(to, state.doc.length)) };
}

function suggestions(options) {
  if (!options.completions) return [];
  const source = (context) => options.completions(context.state.doc.toString(), context.pos, context.explicit) ?? null;
  return autocompletion({ override: [source], icons: false });
}

function explanations(options) {
  if (!options.hover) return [];
  return hoverTooltip((view, position) => {
    const found = options.hover(view.state.doc.toString(), position);
    if (!found) return null;
    return {
      pos: found.from,
      end: found.to,
      above: true,
      create() {
        const dom = document.createElement("div");
        dom.className = "petri-hover";
        dom.textContent = found.text;
        return { dom };
      },
    };
  });
}

/**
 * The same as the hover text, for the field at the cursor and without hovering: a line below the text, and F1 says it to
 * those who do not see it.
 */
function aboutTheCursor(options) {
  if (!options.hover) return [];
  const told = (state) => options.hover(state.doc.toString(), state.selection.main.head)?.text ?? ABOUT_NOTHING;
  const panel = (view) => {
    const dom = view.dom.ownerDocument.createElement("div");
    dom.className = "petri-about";
    const tell = (state) => {
      const [first, ...rest] = told(state).split("\n");
      const strong = dom.ownerDocument.createElement(rest.length > 0 ? "b" : "span");
      strong.textContent = first;
      dom.replaceChildren(strong, rest.length > 0 ? ` ${rest.join(" ")}` : "");
    };
    // Nothing is asked before somebody goes into the text: a first visit only looks at it.
    dom.textContent = ABOUT_NOTHING;
    return { dom, update: (update) => (update.docChanged || update.selectionSet) && tell(update.state) };
  };
  const say = (view) => {
    view.dispatch({ effects: EditorView.announce.of(told(view.state)) });
    return true;
  };
  return [showPanel.of(panel), keymap.of([{ key: "F1", run: say, preventDefault: true }])];
}

/** The one replacement that turns `before` into `after`, or null if they are equal. */
export function smallestChange(before, after) {
  if (before === after) return null;
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { from: head, to: before.length - tail, insert: after.slice(head, after.length - tail) };
}

/** A function from UTF-8 to UTF-16 offsets of `text`. An offset inside a character belongs to its start. */
export function byteRuler(text) {
  // starts[i] is the byte at which the i-th UTF-16 unit's character starts.
  const starts = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let unit = 0; unit < text.length; ) {
    const point = text.codePointAt(unit);
    const width = point > 0xffff ? 2 : 1;
    starts.fill(bytes, unit, unit + width);
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    unit += width;
  }
  starts[text.length] = bytes;
  return (byte) => {
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= byte) low = middle;
      else high = middle - 1;
    }
    while (low > 0 && starts[low - 1] === starts[low]) low--;
    return low;
  };
}
