// Too many entities to draw: what is alike stands as one group, the least telling first, and nothing is left unsaid.
import type { Graph, GraphLink, GraphNode } from "./shapes.ts";

type Likeness = (node: GraphNode, owner: string) => string;

// From what says the least when it stands alone to what says the most. A seed or a culprit is never grouped by these.
const LIKENESSES: Likeness[] = [
  (node, owner) => (owner && node.state === "present" ? `${node.kind} of ${owner}` : ""),
  (node, owner) => (owner ? `${node.kind} of ${owner} ${node.state}` : ""),
  (node) => `${node.kind} in ${node.namespace} ${node.state}`,
  (node) => `${node.kind} ${node.state}`,
  (node) => `${node.layer} ${node.state}`,
];

/** Return `graph` with at most `most` nodes. The members of all groups and the nodes that stand alone are all there are. */
export function simplify(graph: Graph, most: number): Graph {
  if (graph.nodes.length <= most) return graph;
  const owners = ownersOf(graph);
  let nodes = graph.nodes;
  for (const likeness of LIKENESSES) {
    nodes = gather(nodes, most, (node) => (stands(node) ? "" : likeness(node, owners.get(firstOf(node)) ?? "")));
    if (nodes.length <= most) break;
  }
  // Even seeds and culprits, where there are more of them than can be drawn.
  if (nodes.length > most) nodes = gather(nodes, most, (node) => `${node.layer} ${node.state}`);
  return { ...graph, nodes, links: lead(graph.links, nodes) };
}

function stands(node: GraphNode): boolean {
  return node.is_seed || node.state === "culprit";
}

function firstOf(node: GraphNode): string {
  return node.members?.[0] ?? node.id;
}

/** The topmost owner of each entity that has one: of a Pod the Deployment, not its ReplicaSet. */
function ownersOf(graph: Graph): Map<string, string> {
  const direct = new Map(graph.links.filter((link) => link.relation === "owned by").map((link) => [link.source, link.target]));
  return new Map([...direct.keys()].map((name) => {
    let owner = name;
    const seen = new Set([name]);
    for (let next = direct.get(owner); next && !seen.has(next); next = direct.get(next)) {
      seen.add(next);
      owner = next;
    }
    return [name, owner];
  }));
}

/** Group what is alike, the largest groups first, until no more than `most` are left. */
function gather(nodes: GraphNode[], most: number, alike: (node: GraphNode) => string): GraphNode[] {
  const found = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const key = alike(node);
    if (key) found.set(key, [...(found.get(key) ?? []), node]);
  }
  const bySize = [...found].filter(([, alikes]) => alikes.length > 1).sort(([one, ones], [other, others]) => others.length - ones.length || (one < other ? -1 : 1));
  let left = nodes.length;
  const groups = new Map<string, GraphNode>();
  for (const [key, alikes] of bySize) {
    if (left <= most) break;
    left -= alikes.length - 1;
    const group = groupOf(key, alikes);
    for (const node of alikes) groups.set(node.id, group);
  }
  return [...new Set(nodes.map((node) => groups.get(node.id) ?? node))];
}

function groupOf(key: string, nodes: GraphNode[]): GraphNode {
  const members = nodes.flatMap((node) => node.members ?? [node.id]);
  const first = nodes[0]!;
  const isOfOneKind = nodes.every((node) => node.kind === first.kind);
  const of = key.split(" of ")[1]?.split("/").at(-1)?.split(" ")[0];
  return {
    ...first,
    id: `group ${key}`,
    kind: isOfOneKind ? first.kind : "entities",
    name: `${members.length} × ${isOfOneKind ? first.kind : first.layer}${of ? ` of ${of}` : ""}`,
    namespace: nodes.every((node) => node.namespace === first.namespace) ? first.namespace : "",
    hops: Math.min(...nodes.map((node) => node.hops)),
    blast: nodes.every((node) => node.blast === first.blast) ? first.blast : nodes.find((node) => node.blast)?.blast ?? "",
    change: nodes.every((node) => node.change === first.change) ? first.change : "",
    findings: nodes.reduce((sum, node) => sum + node.findings, 0),
    is_seed: nodes.some((node) => node.is_seed),
    members,
  };
}

/** Let edges lead to the groups; those that become the same are one, with their count and the least sure of them. */
function lead(links: GraphLink[], nodes: GraphNode[]): GraphLink[] {
  const place = new Map(nodes.flatMap((node) => (node.members ?? [node.id]).map((name) => [name, node.id] as const)));
  const made = new Map<string, GraphLink>();
  for (const link of links) {
    const [source, target] = [place.get(link.source), place.get(link.target)];
    if (!source || !target || source === target) continue;
    const key = `${source}\n${link.relation}\n${target}\n${link.state}`;
    const held = made.get(key);
    if (held) made.set(key, { ...held, count: (held.count ?? 1) + 1, confidence: Math.min(held.confidence, link.confidence) });
    else made.set(key, { ...link, source, target, count: 1 });
  }
  return [...made.values()];
}
