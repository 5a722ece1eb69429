// Which entities are shown: by layer, by state, by name, and what is lit up; the picture and the list agree.
import type { GraphNode } from "./shapes.ts";

export interface Chosen {
  layers: Set<string>;
  states: Set<string>;
  search: string;
  light: string;
}

/** Return what the tools in `place` say. */
export function chosen(place: HTMLElement): Chosen {
  const checked = (name: string): Set<string> =>
    new Set([...place.querySelectorAll<HTMLInputElement>(`[data-filter="${name}"]:checked`)].map((box) => box.value));
  return {
    layers: checked("layer"),
    states: checked("state"),
    search: place.querySelector<HTMLInputElement>("#graph-search")?.value.trim().toLowerCase() ?? "",
    light: place.querySelector<HTMLSelectElement>("#graph-light")?.value ?? "",
  };
}

/** Answer whether the layers and states that are chosen have it. */
export function isShown(node: GraphNode, by: Chosen): boolean {
  return by.layers.has(node.layer) && by.states.has(node.state);
}

/** Answer whether what is searched for is in its name, kind or namespace. */
export function isFound(node: GraphNode, search: string): boolean {
  if (!search) return true;
  const text = `${node.kind} ${node.name} ${node.namespace} ${(node.members ?? []).join(" ")}`.toLowerCase();
  return search.split(/\s+/).every((word) => text.includes(word));
}

/** Answer whether it is lit up. */
export function isLit(node: GraphNode, by: Chosen): boolean {
  return isFound(node, by.search) && LIGHTS[by.light]?.(node) !== false;
}

const LIGHTS: Record<string, (node: GraphNode) => boolean> = {
  blast: (node) => node.is_seed || node.blast !== "",
  upstream: (node) => node.is_seed || node.blast === "upstream" || node.blast === "both",
  downstream: (node) => node.is_seed || node.blast === "downstream" || node.blast === "both",
  trouble: (node) => node.state !== "present",
  changed: (node) => node.change !== "",
};

/** Hide the rows of the list whose entity is not shown; return how many are. */
export function filterList(nodes: GraphNode[], by: Chosen): number {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  let count = 0;
  for (const row of document.querySelectorAll<HTMLElement>("#graph-list [data-row]")) {
    const node = byId.get(row.dataset["row"] ?? "");
    row.hidden = !node || !isShown(node, by) || !isLit(node, by);
    if (!row.hidden) count++;
  }
  for (const layer of document.querySelectorAll<HTMLElement>("#graph-list [data-layer]")) {
    layer.hidden = !layer.querySelector("[data-row]:not([hidden])");
  }
  return count;
}
