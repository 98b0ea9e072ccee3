import assert from "node:assert/strict";
import { test } from "node:test";

import { byteRuler, smallestChange } from "./editor.js";
import { changedLineIndexes } from "./marks.js";

test("a byte offset finds its character, whatever stands before it", () => {
  const text = "aé€𝄞z";
  const offset = byteRuler(text);
  const bytes = [...text].map((character) => Buffer.byteLength(character));
  let byte = 0;
  let unit = 0;
  for (const [index, character] of [...text].entries()) {
    assert.equal(offset(byte), unit, character);
    byte += bytes[index];
    unit += character.length;
  }
  assert.equal(offset(byte), text.length);
  assert.equal(offset(byte + 10), text.length);
  assert.equal(offset(2), 1, "the middle of é belongs to its start");
});

test("only what differs is replaced", () => {
  assert.equal(smallestChange("same", "same"), null);
  assert.deepEqual(smallestChange("replicas: 3\n", "replicas: 5\n"), { from: 10, to: 11, insert: "5" });
  assert.deepEqual(smallestChange("aa", "aaa"), { from: 2, to: 2, insert: "a" });
});

test("a line that was not applied is marked, and its neighbours are not", () => {
  assert.deepEqual(changedLineIndexes(["a", "b", "c"], ["a", "x", "c"]), [1]);
  assert.deepEqual(changedLineIndexes(["a", "b"], ["new", "a", "b"]), [0]);
  assert.deepEqual(changedLineIndexes(["a", "b", "c", "d"], ["b", "x", "d", "y"]), [1, 3]);
  assert.deepEqual(changedLineIndexes(["a"], ["a"]), []);
});
