import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../src/inbox/standing.ts";

const none = new Set<string>();

test("a row that only changed says nothing", () => {
  assert.deepEqual(compare(["a", "b"], ["a", "b"], new Set(["a"])), { kept: ["a", "b"], left: [], text: "" });
});

test("new ones above are counted, and what they push to the next page has not left", () => {
  const news = compare(["b", "c", "d"], ["a", "b", "c"], none);

  assert.deepEqual([news.left, news.text], [[], "1 new incident · show"]);
});

test("one that changed and is not there any more has left", () => {
  const news = compare(["a", "b"], ["a"], new Set(["b"]));

  assert.deepEqual([news.left, news.text], [["b"], "1 left this list · show it as it is"]);
});

test("what moves up from the next page is not new", () => {
  assert.equal(compare(["a", "b"], ["a", "c"], new Set(["b"])).text, "1 left this list · show it as it is");
});

test("another order is told", () => {
  assert.equal(compare(["a", "b"], ["b", "a"], none).text, "The order has changed · show it");
});

test("a list that is altogether new is", () => {
  assert.equal(compare(["a"], ["b", "c"], none).text, "2 new incidents · show");
});
