import assert from "node:assert/strict";
import { test } from "node:test";
import { readChords } from "../src/keys.ts";

// Each key with its moment, in milliseconds since the page began; and where the last of them leads.
const LEADS: [string, [string, number][], string | null | undefined][] = [
  ["the first key of a page leads nowhere", [["a", 5]], undefined],
  ["g waits for a key", [["g", 5]], null],
  ["a key after g leads to its place", [["g", 5], ["a", 300]], "/actions"],
  ["a key long after g leads nowhere", [["g", 5], ["a", 1_300]], undefined],
  ["a key after another after g leads nowhere", [["g", 5], ["x", 100], ["a", 200]], undefined],
  ["a key after one that led somewhere leads nowhere", [["g", 5], ["o", 100], ["i", 200]], undefined],
];

for (const [name, keys, leads] of LEADS) {
  test(name, () => {
    const read = readChords();
    assert.equal(keys.map(([key, at]) => read(key, at)).at(-1), leads);
  });
}
