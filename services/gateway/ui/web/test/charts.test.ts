import assert from "node:assert/strict";
import { test } from "node:test";
import { show } from "../src/charts.ts";

const SAID: [number | null, string, string][] = [
  [null, "seconds", "–"], [0, "seconds", "0s"], [59, "seconds", "59s"], [90, "seconds", "1.5m"], [7_200, "seconds", "2h"],
  [129_600, "seconds", "1.5d"], [3, "count", "3"], [0, "count", "0"],
];

for (const [value, unit, said] of SAID) {
  test(`${value} ${unit} is shown as ${said}`, () => assert.equal(show(value, unit), said));
}
