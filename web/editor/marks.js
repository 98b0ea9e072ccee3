// What is drawn beside the text: badges at the end of a line, and a bar along lines that were not applied yet.

import { RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";

// Beyond this many pairs of lines to compare, the whole stretch between equal ends counts as changed.
const MOST_PAIRS = 250_000;

export const setBadges = StateEffect.define();
export const setApplied = StateEffect.define();
export const setDrift = StateEffect.define();

class Badge extends WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }
  eq(other) {
    return other.text === this.text;
  }
  toDOM() {
    const dom = document.createElement("span");
    dom.className = "petri-badge";
    dom.textContent = this.text;
    return dom;
  }
}

/** The first of each line, by `at` of theirs, in the order of the text: two on one line would push each other out of sight. */
function firstOfLines(doc, list, at) {
  const byLine = new Map();
  for (const item of list) {
    const line = doc.lineAt(Math.min(at(item), doc.length));
    if (!byLine.has(line.number)) byLine.set(line.number, { line, item });
  }
  return [...byLine.values()].sort((a, b) => a.line.from - b.line.from);
}

function placeBadges(doc, list) {
  const builder = new RangeSetBuilder();
  for (const { line, item } of firstOfLines(doc, list, ({ at }) => at)) {
    builder.add(line.to, line.to, Decoration.widget({ widget: new Badge(item.text), side: 1 }));
  }
  return builder.finish();
}

/** Decorations that an effect brings, and that move with the text until it brings others. */
const placed = (effectType, place) =>
  StateField.define({
    create: () => Decoration.none,
    update(decorations, transaction) {
      for (const effect of transaction.effects) {
        if (effect.is(effectType)) return place(transaction.state.doc, effect.value);
      }
      return decorations.map(transaction.changes);
    },
    provide: (field) => EditorView.decorations.from(field),
  });

export const badges = placed(setBadges, placeBadges);

/** What the cluster has, at the end of the line that says otherwise, and the way to take it over. */
class Drift extends WidgetType {
  constructor(text, takeOver) {
    super();
    this.text = text;
    this.takeOver = takeOver;
  }
  eq(other) {
    return other.text === this.text;
  }
  toDOM() {
    const dom = document.createElement("span");
    dom.className = "petri-drift-note";
    const badge = document.createElement("span");
    badge.className = "petri-badge";
    badge.textContent = this.text;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "petri-take";
    button.textContent = "take over";
    button.addEventListener("click", () => this.takeOver?.());
    dom.append(badge, button);
    return dom;
  }
  ignoreEvent() {
    return true;
  }
}

/** Lines from which the cluster differs: `{ lines: [{ from, text }], takeOver }`. */
function placeDrift(doc, { lines, takeOver }) {
  const builder = new RangeSetBuilder();
  for (const { line, item } of firstOfLines(doc, lines, ({ from }) => from)) {
    builder.add(line.from, line.from, Decoration.line({ class: "petri-drift" }));
    builder.add(line.to, line.to, Decoration.widget({ widget: new Drift(item.text, takeOver), side: 2 }));
  }
  return builder.finish();
}

export const driftLines = placed(setDrift, placeDrift);

/** Indexes of the lines of `after` that are not part of a longest common subsequence with `before`. */
export function changedLineIndexes(before, after) {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const old = before.slice(head, before.length - tail);
  const now = after.slice(head, after.length - tail);
  if (old.length * now.length > MOST_PAIRS) return now.map((_, index) => head + index);

  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        old[i] === now[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const changed = [];
  for (let i = 0, j = 0; j < now.length; ) {
    if (i < old.length && old[i] === now[j]) {
      i++;
      j++;
    } else if (i < old.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
      i++;
    } else {
      changed.push(head + j++);
    }
  }
  return changed;
}

function markChanged(doc, applied) {
  if (applied === null) return Decoration.none;
  const builder = new RangeSetBuilder();
  for (const index of changedLineIndexes(applied.split("\n"), doc.toString().split("\n"))) {
    const start = doc.line(index + 1).from;
    builder.add(start, start, Decoration.line({ class: "petri-changed" }));
  }
  return builder.finish();
}

export const changedLines = StateField.define({
  create: () => ({ applied: null, marks: Decoration.none }),
  update(value, transaction) {
    let { applied } = value;
    for (const effect of transaction.effects) if (effect.is(setApplied)) applied = effect.value;
    if (applied === value.applied && !transaction.docChanged) return value;
    return { applied, marks: markChanged(transaction.state.doc, applied) };
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.marks),
});
