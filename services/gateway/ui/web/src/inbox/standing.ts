// How the list as it is now differs from the list as it is shown.

export interface News {
  /** Rows that stand in both. */
  kept: string[];
  /** Rows that changed and are no longer among what the filters let pass, or where they were in the order. */
  left: string[];
  /** What a person is told; empty where nothing but the content of rows changed. */
  text: string;
}

/** Compare the rows shown with those there are now; `changed` are those shown of which a change was told. */
export function compare(shown: string[], now: string[], changed: ReadonlySet<string>): News {
  const [before, after] = [new Set(shown), new Set(now)];
  const kept = shown.filter((id) => after.has(id));
  const left = shown.filter((id) => !after.has(id) && changed.has(id));
  const fresh = now.filter((id) => !before.has(id));
  // What comes in below the last row moved up because others left: it is not new.
  const lastKept = Math.max(-1, ...now.map((id, place) => (before.has(id) ? place : -1)));
  const arrived = fresh.filter((id) => lastKept < 0 || now.indexOf(id) < lastKept);
  return { kept, left, text: words(arrived.length, left.length, isOrderSame(kept, now)) };
}

function isOrderSame(kept: string[], now: string[]): boolean {
  const both = new Set(kept);
  return now.filter((id) => both.has(id)).every((id, place) => id === kept[place]);
}

function words(arrived: number, left: number, isSame: boolean): string {
  if (arrived) return `${arrived} new incident${arrived === 1 ? "" : "s"} · show`;
  if (left) return `${left} left this list · show it as it is`;
  return isSame ? "" : "The order has changed · show it";
}
