// Where each entity stands: layers as lanes, kinds that belong under others in rows of their own. Pure, and the same
// input gives the same picture.
import { countCrossings } from "./crossings.ts";
import type { Graph, GraphNode, Lane, Placing } from "./shapes.ts";

export const CARD = { width: 176, height: 42 };
const GAP = { x: 16, y: 12 };
// Above the cards of a lane stands its name.
const LANE_PADDING = { top: 25, bottom: 10 };
const SWEEPS = 10;
// Owners stand above what they own, and what is asked above what answers.
const RANKS: Record<string, number> = { ReplicaSet: 1, Job: 1, Pod: 2, ConfigMap: 3, EndpointSlice: 1, NetworkPolicy: 2, RoleBinding: 1, ClusterRoleBinding: 1, Role: 2, ClusterRole: 2, Lease: 1, PersistentVolume: 1 };

/** What is ordered together: the nodes of one row, or of several where they are too many for one. */
interface Band {
  lane: string;
  nodes: string[];
}

type Spots = Map<string, number>;

/** Lay `graph` out for a place `aspect` times as wide as it is high. Nodes of one layer stand in one lane, in the order of `graph.layers`. */
export function layOut(graph: Graph, aspect: number): Placing {
  const around = neighbours(graph);
  const columns = bestColumns(graph, aspect);
  const bands = bandsOf(graph, columns);
  const before = spotsOf(bands, columns, around, false);
  const pairs = graph.links.map((link) => [link.source, link.target] as const);
  const laneOf = new Map(graph.nodes.map((node) => [node.id, graph.layers.indexOf(node.layer)]));
  const crossingsBefore = countCrossings(pairs, laneOf, before);
  let best = { spots: before, orders: bands.map((band) => band.nodes), crossings: crossingsBefore };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const direction = sweep % 2 === 0 ? bands : [...bands].reverse();
    let spots = spotsOf(bands, columns, around, false);
    for (const band of direction) {
      band.nodes = ordered(band.nodes, around, spots);
      spots = new Map([...spots, ...bandSpots(band, columns, around, spots, false)]);
    }
    for (const isPulled of [false, true]) {
      const found = spotsOf(bands, columns, around, isPulled);
      const crossings = countCrossings(pairs, laneOf, found);
      // Fewer crossings first; as many, and what is pulled to its neighbours has the shorter edges.
      if (crossings < best.crossings || (crossings === best.crossings && isPulled)) best = { spots: found, orders: bands.map((band) => [...band.nodes]), crossings };
    }
  }
  bands.forEach((band, index) => (band.nodes = best.orders[index] ?? band.nodes));
  return { ...stack(graph, bands, columns, best.spots), crossings: best.crossings, crossingsBefore };
}

function neighbours(graph: Graph): Map<string, string[]> {
  const around = new Map<string, string[]>(graph.nodes.map((node) => [node.id, []]));
  for (const { source, target } of graph.links) {
    if (source === target) continue;
    around.get(source)?.push(target);
    around.get(target)?.push(source);
  }
  return around;
}

/** How many columns show the whole in the largest scale. */
function bestColumns(graph: Graph, aspect: number): number {
  let best = { columns: 1, scale: 0 };
  for (let columns = 1; columns <= 60; columns++) {
    const bands = bandsOf(graph, columns);
    const lanes = new Set(bands.map((band) => band.lane)).size;
    const rows = bands.reduce((sum, band) => sum + Math.ceil(band.nodes.length / columns), 0);
    const width = columns * (CARD.width + GAP.x);
    const height = rows * (CARD.height + GAP.y) + lanes * (LANE_PADDING.top + LANE_PADDING.bottom);
    const scale = Math.min(aspect / width, 1 / height);
    if (scale > best.scale) best = { columns, scale };
  }
  return best.columns;
}

function bandsOf(graph: Graph, columns: number): Band[] {
  return graph.layers.flatMap((lane) => {
    const inLane = graph.nodes.filter((node) => node.layer === lane).sort(byNearness);
    // One row is easier to read than several half empty ones.
    if (inLane.length <= columns) return inLane.length ? [{ lane, nodes: inLane.map((node) => node.id) }] : [];
    const ranks = [...new Set(inLane.map(rankOf))].sort((one, other) => one - other);
    return ranks.map((rank) => ({ lane, nodes: inLane.filter((node) => rankOf(node) === rank).map((node) => node.id) }));
  });
}

function rankOf(node: GraphNode): number {
  return RANKS[node.kind] ?? 0;
}

function byNearness(one: GraphNode, other: GraphNode): number {
  return one.hops - other.hops || compare(one.kind, other.kind) || compare(one.id, other.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function ordered(nodes: string[], around: Map<string, string[]>, spots: Spots): string[] {
  const wished = new Map(nodes.map((node, index) => [node, { at: middle(node, around, spots), index }]));
  return [...nodes].sort((one, other) => wished.get(one)!.at - wished.get(other)!.at || wished.get(one)!.index - wished.get(other)!.index);
}

/** The middle of what a node is connected with; where it stands if that is nothing. */
function middle(node: string, around: Map<string, string[]>, spots: Spots): number {
  const others = around.get(node) ?? [];
  if (others.length === 0) return spots.get(node) ?? 0;
  return others.reduce((sum, other) => sum + (spots.get(other) ?? 0), 0) / others.length;
}

function spotsOf(bands: Band[], columns: number, around: Map<string, string[]>, isPulled: boolean): Spots {
  let spots: Spots = new Map(bands.flatMap((band) => [...bandSpots(band, columns, around, new Map(), false)]));
  if (isPulled) for (let round = 0; round < 2; round++) for (const band of bands) spots = new Map([...spots, ...bandSpots(band, columns, around, spots, true)]);
  return spots;
}

/** Where across the picture each node of a band stands. Columns are filled from top to bottom, so that the order holds across rows. */
function bandSpots(band: Band, columns: number, around: Map<string, string[]>, spots: Spots, isPulled: boolean): Spots {
  const rows = Math.ceil(band.nodes.length / columns);
  const used = Math.ceil(band.nodes.length / rows);
  const step = CARD.width + GAP.x;
  const width = columns * step;
  const centred = Array.from({ length: used }, (_, column) => (width - used * step) / 2 + column * step + step / 2);
  const wished = centred.map((_, column) => {
    const members = band.nodes.slice(column * rows, (column + 1) * rows);
    return members.reduce((sum, node) => sum + middle(node, around, spots), 0) / members.length;
  });
  const xs = isPulled ? spread(wished, step, step / 2, width - step / 2) : centred;
  return new Map(band.nodes.map((node, index) => [node, xs[Math.floor(index / rows)] ?? 0]));
}

/** The places nearest to those wished for, in this order, at least `step` apart, from `least` to `most`. */
export function spread(wished: number[], step: number, least: number, most: number): number[] {
  const blocks: { sum: number; size: number }[] = [];
  wished.forEach((wish, index) => {
    blocks.push({ sum: wish - index * step, size: 1 });
    for (let last = blocks.length - 1; last > 0 && mean(blocks[last - 1]!) >= mean(blocks[last]!); last--) {
      const merged = { sum: blocks[last - 1]!.sum + blocks[last]!.sum, size: blocks[last - 1]!.size + blocks[last]!.size };
      blocks.splice(last - 1, 2, merged);
    }
  });
  const room = most - (wished.length - 1) * step;
  return blocks.flatMap((block) => Array<number>(block.size).fill(Math.min(Math.max(mean(block), least), room))).map((at, index) => at + index * step);
}

function mean(block: { sum: number; size: number }): number {
  return block.sum / block.size;
}

function stack(graph: Graph, bands: Band[], columns: number, spots: Spots): Omit<Placing, "crossings" | "crossingsBefore"> {
  const places: Placing["places"] = {};
  const lanes: Lane[] = [];
  let top = 0;
  for (const name of graph.layers) {
    const own = bands.filter((band) => band.lane === name);
    if (own.length === 0) continue;
    let y = top + LANE_PADDING.top;
    for (const band of own) {
      const rows = Math.ceil(band.nodes.length / columns);
      band.nodes.forEach((node, index) => (places[node] = { x: spots.get(node) ?? 0, y: y + (index % rows) * (CARD.height + GAP.y) + CARD.height / 2 }));
      y += rows * (CARD.height + GAP.y);
    }
    y += LANE_PADDING.bottom - GAP.y;
    lanes.push({ name, top, height: y - top });
    top = y;
  }
  return { places, lanes, width: columns * (CARD.width + GAP.x), height: top };
}
