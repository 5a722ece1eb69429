import assert from "node:assert/strict";
import { test } from "node:test";
import { isFound, isLit, isShown, type Chosen } from "../src/graph/filtering.ts";
import { cardLabel, edgeLabel, shorten, spoken } from "../src/graph/labels.ts";
import { nextSpot } from "../src/graph/walking.ts";
import { aLink, aNode } from "./graphs.ts";

const ALL: Chosen = { layers: new Set(["app"]), states: new Set(["present", "culprit"]), search: "", light: "" };

test("a card says kind, state and name, and cuts the middle, where names differ least", () => {
  const fits = (line: string): boolean => [...line].length <= 23;
  assert.equal(cardLabel(aNode("checkout"), fits), "Deployment\ncheckout");
  assert.match(cardLabel(aNode("cart", { state: "culprit", is_seed: true }), fits), /^Dep…nt · culprit · seed\ncart$/);
  assert.equal(shorten("checkout-8jbwvrtlfg-2z8vp", fits), "checkout-8j…rtlfg-2z8vp");
  assert.equal(shorten("checkout-8jbwvrtlf-2z", fits), "checkout-8jbwvrtlf-2z", "what has room stays whole");
  assert.equal(shorten("checkout", () => false), "ch…ut", "its ends stay, whatever room there is");
});

test("an edge says its relation, its state, and for how many it stands", () => {
  assert.equal(edgeLabel(aLink("a", "b", { relation: "may reach", state: "absent", count: 3 })), "may reach × 3 (absent)");
});

test("a screen reader is told what the card shows", () => {
  assert.equal(spoken(aNode("cart", { state: "absent", is_seed: true, change: "present" })), "Deployment cart, in shop, absent, seed, was present, layer app");
});

test("arrows lead to the nearest that way, and rather straight than aside", () => {
  const spots = [{ id: "here", x: 0, y: 0 }, { id: "right", x: 100, y: 0 }, { id: "far", x: 300, y: 0 }, { id: "aside", x: 90, y: 80 }, { id: "below", x: 20, y: 100 }];
  assert.equal(nextSpot(spots[0]!, "ArrowRight", spots), "right");
  assert.equal(nextSpot(spots[0]!, "ArrowDown", spots), "below");
  assert.equal(nextSpot(spots[0]!, "ArrowLeft", spots), undefined);
});

test("layers, states and the search decide what is shown, also of a group", () => {
  const group = aNode("group", { kind: "Pod", name: "3 × Pod", members: ["Pod/shop/cart-1"] });
  assert.ok(isShown(group, ALL));
  assert.ok(!isShown(aNode("x", { layer: "rbac" }), ALL));
  assert.ok(!isShown(aNode("x", { state: "absent" }), ALL));
  assert.ok(isFound(group, "pod cart"));
  assert.ok(!isFound(group, "checkout"));
});

test("a seed is lit up with either side of the blast radius", () => {
  const seed = aNode("seed", { is_seed: true });
  assert.ok(isLit(seed, { ...ALL, light: "upstream" }));
  assert.ok(isLit(aNode("both", { blast: "both" }), { ...ALL, light: "downstream" }));
  assert.ok(!isLit(aNode("up", { blast: "upstream" }), { ...ALL, light: "downstream" }));
  assert.ok(!isLit(seed, { ...ALL, light: "changed" }));
});
