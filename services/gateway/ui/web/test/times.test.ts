import assert from "node:assert/strict";
import { test } from "node:test";
import { ago } from "../src/times.ts";

const NOW = Date.parse("2026-11-27T12:00:00Z");
// The same as tests/unit/gateway/ui/test_words.py asks of the server.
const SAID: [number, string][] = [
  [0, "now"], [-9, "now"], [9, "now"], [-10, "10s ago"], [59, "in 59s"], [-60, "1m ago"], [-3_599, "59m ago"],
  [3_600, "in 1h"], [-86_399, "23h ago"], [-86_400, "1d ago"], [-40 * 86_400, "40d ago"],
];

for (const [seconds, said] of SAID) {
  test(`${seconds} seconds from now is ${said}`, () => assert.equal(ago(NOW + seconds * 1_000, NOW), said));
}
