// Graphs for the tests and the benchmark of the layout: like those of real clusters, and always the same.
import type { Graph, GraphLink, GraphNode } from "../src/graph/shapes.ts";

export const LAYERS = ["edge", "app", "platform", "infra", "network", "security", "rbac"];

/** Return a node; a test says only what it is about. */
export function aNode(id: string, given: Partial<GraphNode> = {}): GraphNode {
  return { id, kind: "Deployment", name: id, namespace: "shop", layer: "app", state: "present", presence: "present", hops: 0, blast: "", change: "", findings: 0, is_seed: false, ...given };
}

/** Return an edge from one node to another. */
export function aLink(source: string, target: string, given: Partial<GraphLink> = {}): GraphLink {
  return { id: `${source} ${given.relation ?? "calls"} ${target}`, source, target, relation: "calls", state: "present", confidence: 1, rationale: "", change: "", ...given };
}

/** Return a graph of these, with the layers they have, in their order. */
export function aGraph(nodes: GraphNode[], links: GraphLink[] = []): Graph {
  const layers = LAYERS.filter((layer) => nodes.some((node) => node.layer === layer));
  return { investigationId: "inv_1", layers, nodes, links };
}

/** Return services of `pods` pods each, with all that surrounds them, of `size` entities in sum. */
export function aCluster(size: number, pods = 3): Graph {
  const nodes: GraphNode[] = [];
  const links: GraphLink[] = [];
  const add = (id: string, kind: string, layer: string, given: Partial<GraphNode> = {}): string => {
    if (nodes.length < size) nodes.push(aNode(id, { kind, layer, hops: Math.floor(nodes.length / 20), ...given }));
    return id;
  };
  for (let index = 0; index < 8; index++) add(`Node/worker-${index}`, "Node", "infra");
  for (let index = 0; nodes.length < size; index++) {
    const deployment = add(`Deployment/shop/app-${index}`, "Deployment", "app", { is_seed: index === 3, state: index === 3 ? "affected" : "present" });
    const replicas = add(`ReplicaSet/shop/app-${index}-7d9f`, "ReplicaSet", "app");
    const service = add(`Service/shop/app-${index}`, "Service", "network");
    const account = add(`ServiceAccount/shop/app-${index}`, "ServiceAccount", "rbac");
    const config = add(`ConfigMap/shop/app-${index}`, "ConfigMap", "app", { state: index === 3 ? "culprit" : "present" });
    const slice = add(`EndpointSlice/shop/app-${index}-x2x7q`, "EndpointSlice", "network");
    if (index % 6 === 0) links.push(aLink(add(`Ingress/shop/app-${index}`, "Ingress", "edge"), service, { relation: "routes to" }));
    if (index % 4 === 0) links.push(aLink(deployment, add(`Secret/shop/app-${index}`, "Secret", "security"), { relation: "uses secret" }));
    links.push(aLink(replicas, deployment, { relation: "owned by" }), aLink(deployment, config, { relation: "uses config" }), aLink(deployment, account, { relation: "runs as" }), aLink(slice, service, { relation: "routes to" }));
    // Who calls whom: a few that many call, as everywhere.
    for (const other of [(index * 7) % 11, (index * 3) % 5]) if (other !== index) links.push(aLink(deployment, `Service/shop/app-${other}`));
    for (let pod = 0; pod < pods; pod++) {
      const name = add(`Pod/shop/app-${index}-7d9f-${pod}`, "Pod", "app");
      links.push(aLink(name, replicas, { relation: "owned by" }), aLink(name, `Node/worker-${(index * 3 + pod) % 8}`, { relation: "runs on" }), aLink(slice, name, { relation: "selects" }));
    }
  }
  const known = new Set(nodes.map((node) => node.id));
  return aGraph(nodes, links.filter((link) => known.has(link.source) && known.has(link.target)));
}
