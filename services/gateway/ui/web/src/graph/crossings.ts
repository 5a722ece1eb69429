// How tangled a picture is: how many pairs of edges between the same two lanes cross.

/** Count them; edges inside a lane are left out. `lanes` and `spots` say in which lane and how far across a node stands. */
export function countCrossings(pairs: readonly (readonly [string, string])[], lanes: ReadonlyMap<string, number>, spots: ReadonlyMap<string, number>): number {
  const between = new Map<string, [number, number][]>();
  for (const [source, target] of pairs) {
    const [from, to] = [lanes.get(source), lanes.get(target)];
    if (from === undefined || to === undefined || from === to) continue;
    const [upper, lower] = from < to ? [source, target] : [target, source];
    const key = `${Math.min(from, to)} ${Math.max(from, to)}`;
    const held = between.get(key) ?? [];
    held.push([spots.get(upper) ?? 0, spots.get(lower) ?? 0]);
    between.set(key, held);
  }
  let crossings = 0;
  for (const edges of between.values()) crossings += inversions(edges);
  return crossings;
}

/** Count the pairs of which one begins further left and ends further right than the other, in n log n. */
function inversions(edges: [number, number][]): number {
  const ends = edges.sort((one, other) => one[0] - other[0] || one[1] - other[1]).map((edge) => edge[1]);
  const ranks = new Map([...new Set(ends)].sort((one, other) => one - other).map((end, index) => [end, index + 1]));
  const tree = new Array<number>(ranks.size + 1).fill(0);
  let seen = 0;
  let crossings = 0;
  for (let index = 0; index < edges.length; ) {
    // Edges that begin at one place do not cross there: all are asked before any is told.
    let next = index;
    while (next < edges.length && edges[next]![0] === edges[index]![0]) next++;
    for (let one = index; one < next; one++) crossings += seen - upTo(tree, ranks.get(ends[one]!)!);
    for (let one = index; one < next; one++, seen++) for (let at = ranks.get(ends[one]!)!; at < tree.length; at += at & -at) tree[at]!++;
    index = next;
  }
  return crossings;
}

function upTo(tree: number[], rank: number): number {
  let sum = 0;
  for (let at = rank; at > 0; at -= at & -at) sum += tree[at]!;
  return sum;
}
