// Where the arrow keys lead. Pure.

export interface Spot {
  id: string;
  x: number;
  y: number;
}

const DIRECTIONS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
// How much worse it is to be off to the side than further away.
const SIDEWAYS = 2.2;

/** Return whether `key` leads somewhere. */
export function isDirection(key: string): boolean {
  return key in DIRECTIONS;
}

/** Return the id of the spot nearest to `from` that way, or undefined where there is none. */
export function nextSpot(from: Spot, key: string, spots: Iterable<Spot>): string | undefined {
  const [right, down] = DIRECTIONS[key] ?? [0, 0];
  let best: { id: string; cost: number } | undefined;
  for (const spot of spots) {
    const [dx, dy] = [spot.x - from.x, spot.y - from.y];
    const ahead = dx * right + dy * down;
    if (spot.id === from.id || ahead <= 1) continue;
    const cost = ahead + SIDEWAYS * Math.abs(dx * down + dy * right);
    if (!best || cost < best.cost) best = { id: spot.id, cost };
  }
  return best?.id;
}
