// What stands on a card: what it is and how it stands, and its name, as much of it as there is room for.
import type { GraphLink, GraphNode } from "./shapes.ts";

const LEAST = 5;

/** Answers whether a line has room on a card. */
export type Fits = (line: string) => boolean;

/** Return the two lines of a node's card; what has no room goes from the middle of kind and name. */
export function cardLabel(node: GraphNode, fits: Fits): string {
  const marks = [node.state === "present" ? "" : node.state, node.change && changeWord(node.change), node.is_seed ? "seed" : ""].filter(Boolean);
  const kind = shorten(node.kind, (text) => fits([text, ...marks].join(" · ")));
  return `${[kind, ...marks].join(" · ")}\n${shorten(node.name, fits)}`;
}

/** Return what stands at an edge. */
export function edgeLabel(link: GraphLink): string {
  const many = link.count && link.count > 1 ? ` × ${link.count}` : "";
  const state = link.state === "present" ? "" : ` (${link.state})`;
  return `${link.relation}${many}${state}`;
}

/** Return what a screen reader says of a node. */
export function spoken(node: GraphNode): string {
  const parts = [`${node.kind} ${node.name}`, node.namespace && `in ${node.namespace}`, node.state, node.is_seed && "seed", node.change && changeWord(node.change), `layer ${node.layer}`];
  return parts.filter(Boolean).join(", ");
}

/** Return as much of `text` as fits, at least its ends: its middle goes, for names differ at their ends. */
export function shorten(text: string, fits: Fits): string {
  const characters = [...text];
  for (let most = characters.length; most > LEAST; most--) {
    const shown = most === characters.length ? text : without(characters, most);
    if (fits(shown)) return shown;
  }
  return characters.length > LEAST ? without(characters, LEAST) : text;
}

function without(characters: string[], most: number): string {
  const end = Math.floor((most - 1) / 2);
  return `${characters.slice(0, most - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}

function changeWord(change: string): string {
  return change === "came" || change === "went" ? change : `was ${change}`;
}
