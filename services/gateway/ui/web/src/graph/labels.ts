// What stands on a card: what it is and how it stands, and its name, as much of it as there is room for.
import type { GraphLink, GraphNode } from "./shapes.ts";

const NAME_ROOM = 21;
const FIRST_ROOM = 23;

/** Return the two lines of a node's card. */
export function cardLabel(node: GraphNode): string {
  const marks = [node.state === "present" ? "" : node.state, node.change && changeWord(node.change), node.is_seed ? "seed" : ""].filter(Boolean);
  const kind = shorten(node.kind, Math.max(FIRST_ROOM - marks.join(" · ").length - 3, 8));
  return `${[kind, ...marks].join(" · ")}\n${shorten(node.name, NAME_ROOM)}`;
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

/** Return `text` in at most `most` characters: its middle goes, for names differ at their ends. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  if (characters.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${characters.slice(0, most - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}

function changeWord(change: string): string {
  return change === "came" || change === "went" ? change : `was ${change}`;
}
