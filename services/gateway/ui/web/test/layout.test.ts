import assert from "node:assert/strict";
import { test } from "node:test";
import { countCrossings } from "../src/graph/crossings.ts";
import { CARD, layOut, spread } from "../src/graph/layout.ts";
import type { Graph, Placing } from "../src/graph/shapes.ts";
import { simplify } from "../src/graph/simplify.ts";
import { aCluster, aGraph, aLink, aNode } from "./graphs.ts";

const WIDE = 16 / 9;

function overlaps(placing: Placing): string[] {
  const places = Object.entries(placing.places);
  const found: string[] = [];
  places.forEach(([one, here], index) => {
    for (const [other, there] of places.slice(index + 1)) {
      if (Math.abs(here.x - there.x) < CARD.width && Math.abs(here.y - there.y) < CARD.height) found.push(`${one} ${other}`);
    }
  });
  return found;
}

function outside(graph: Graph, placing: Placing): string[] {
  return graph.nodes.filter((node) => {
    const [place, lane] = [placing.places[node.id], placing.lanes.find((one) => one.name === node.layer)];
    if (!place || !lane) return true;
    const isInLane = place.y - CARD.height / 2 >= lane.top && place.y + CARD.height / 2 <= lane.top + lane.height;
    return !isInLane || place.x - CARD.width / 2 < -0.01 || place.x + CARD.width / 2 > placing.width + 0.01;
  }).map((node) => node.id);
}

test("lanes stand in the order of the layers, one below the other, and hold what belongs to them", () => {
  const graph = aCluster(120);

  const placing = layOut(graph, WIDE);

  assert.deepEqual(placing.lanes.map((lane) => lane.name), graph.layers);
  placing.lanes.slice(1).forEach((lane, index) => assert.equal(lane.top, placing.lanes[index]!.top + placing.lanes[index]!.height));
  assert.deepEqual(outside(graph, placing), []);
});

for (const size of [1, 2, 52, 200, 500]) {
  test(`${size} entities overlap nowhere, whatever the shape of the place`, () => {
    const graph = aCluster(size);
    for (const aspect of [0.5, 1, WIDE, 4]) {
      const placing = layOut(graph, aspect);

      assert.equal(Object.keys(placing.places).length, size);
      assert.deepEqual(overlaps(placing), []);
      assert.deepEqual(outside(graph, placing), []);
    }
  });
}

test("the same graph gives the same picture, in whatever order it is told", () => {
  const graph = aCluster(150);
  const turned = { ...graph, nodes: [...graph.nodes].reverse(), links: [...graph.links].reverse() };

  assert.deepEqual(layOut(graph, WIDE), layOut(graph, WIDE));
  assert.deepEqual(layOut(turned, WIDE).places, layOut(graph, WIDE).places);
});

test("never more edges cross than in the order by name, and of a tangle far fewer", () => {
  for (const size of [20, 52, 200, 500]) {
    const placing = layOut(aCluster(size), WIDE);
    assert.ok(placing.crossings <= placing.crossingsBefore, `${size}: ${placing.crossings} of ${placing.crossingsBefore}`);
  }
  const names = ["a", "b", "c", "d"];
  const upper = names.map((name) => aNode(`Ingress/${name}`, { layer: "edge" }));
  const lower = names.map((name) => aNode(`Service/${name}`, { layer: "network" }));
  const reversed = names.map((name, index) => aLink(`Ingress/${name}`, `Service/${names[3 - index]}`));

  const placing = layOut(aGraph([...upper, ...lower], reversed), 8);

  assert.equal(placing.crossingsBefore, 6);
  assert.equal(placing.crossings, 0);
});

test("crossings are counted as by hand", () => {
  const lanes = new Map([["a", 0], ["b", 0], ["x", 1], ["y", 1]]);
  const spots = new Map([["a", 0], ["b", 1], ["x", 0], ["y", 1]]);
  assert.equal(countCrossings([["a", "y"], ["b", "x"]], lanes, spots), 1);
  assert.equal(countCrossings([["y", "a"], ["b", "x"]], lanes, spots), 1);
  assert.equal(countCrossings([["a", "x"], ["b", "y"]], lanes, spots), 0);
  // Edges that meet do not cross, and those inside a lane are not counted.
  assert.equal(countCrossings([["a", "x"], ["a", "y"], ["b", "y"], ["a", "b"]], lanes, spots), 0);
});

test("cycles, loops, edges to nothing and entities without any are laid out like all others", () => {
  const nodes = ["a", "b", "c", "alone"].map((name) => aNode(name));
  const graph = aGraph(nodes, [aLink("a", "b"), aLink("b", "c"), aLink("c", "a"), aLink("a", "a"), aLink("a", "nowhere")]);

  const placing = layOut(graph, WIDE);

  assert.deepEqual(Object.keys(placing.places).sort(), ["a", "alone", "b", "c"]);
  assert.deepEqual(overlaps(placing), []);
  assert.ok(Object.values(placing.places).every((place) => Number.isFinite(place.x) && Number.isFinite(place.y)));
});

test("nothing to lay out is an empty picture", () => {
  assert.deepEqual(layOut(aGraph([]), WIDE).lanes, []);
});

test("what is pulled to its neighbours keeps its order and its distance", () => {
  assert.deepEqual(spread([5, 5, 5], 2, 0, 100), [3, 5, 7]);
  assert.deepEqual(spread([-9, 50], 2, 0, 20), [0, 20]);
  const found = spread([9, 3, 8, 1, 7], 2, 0, 20);
  found.slice(1).forEach((at, index) => assert.ok(at - found[index]! >= 2 - 1e-9));
});

test("500 entities are drawn as they are; of 5,000 no more than 500 stand, and all are counted", () => {
  const some = aCluster(500);
  assert.equal(simplify(some, 500), some);
  const graph = aCluster(5_000);

  const shown = simplify(graph, 500);

  const members = shown.nodes.flatMap((node) => node.members ?? [node.id]);
  assert.ok(shown.nodes.length <= 500, String(shown.nodes.length));
  assert.equal(members.length, 5_000);
  assert.deepEqual([...members].sort(), graph.nodes.map((node) => node.id).sort());
  assert.deepEqual(overlaps(layOut(shown, WIDE)), []);
});

test("seeds and culprits stand alone when what surrounds them is grouped, and edges lead to the groups", () => {
  const graph = aCluster(5_000);

  const shown = simplify(graph, 500);

  const alone = shown.nodes.filter((node) => !node.members).map((node) => node.id);
  for (const node of graph.nodes.filter((one) => one.is_seed || one.state === "culprit")) assert.ok(alone.includes(node.id), node.id);
  const known = new Set(shown.nodes.map((node) => node.id));
  assert.ok(shown.links.every((link) => known.has(link.source) && known.has(link.target) && link.source !== link.target));
  assert.ok(shown.links.some((link) => (link.count ?? 1) > 1));
});

test("no more is grouped than has to be: the pods of one owner first", () => {
  const shown = simplify(aCluster(504, 5), 500);

  const groups = shown.nodes.filter((node) => node.members);
  assert.deepEqual(groups.map((group) => [group.kind, group.members!.length]), [["Pod", 5]]);
  assert.match(groups[0]!.name, /^5 × Pod of app-\d+$/);
});

test("more seeds than can be drawn are grouped too", () => {
  const graph = aGraph(Array.from({ length: 700 }, (_, index) => aNode(`d${index}`, { is_seed: true })));

  const shown = simplify(graph, 500);

  assert.ok(shown.nodes.length <= 500);
  assert.equal(shown.nodes.flatMap((node) => node.members ?? [node.id]).length, 700);
});
