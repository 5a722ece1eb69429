// What the graph's scripts tell each other, and what the server tells them.

/** An entity, as the server tells it; or a group of them, made where there are too many to draw. */
export interface GraphNode {
  id: string;
  kind: string;
  name: string;
  namespace: string;
  layer: string;
  state: string;
  presence: string;
  hops: number;
  blast: string;
  change: string;
  findings: number;
  is_seed: boolean;
  /** The ids a group stands for. */
  members?: string[];
}

/** An edge between two entities; `count` of them where they lead to a group. */
export interface GraphLink {
  id: string;
  source: string;
  target: string;
  relation: string;
  state: string;
  confidence: number;
  rationale: string;
  change: string;
  count?: number;
}

/** What the server answers. */
export interface Graph {
  investigationId: string;
  layers: string[];
  nodes: GraphNode[];
  links: GraphLink[];
}

/** A lane: from where to where a layer reaches, down the picture. */
export interface Lane {
  name: string;
  top: number;
  height: number;
}

/** Where everything stands; `x` and `y` are the middle of a node. */
export interface Placing {
  places: Record<string, { x: number; y: number }>;
  lanes: Lane[];
  width: number;
  height: number;
  /** How many pairs of edges between lanes cross, and how many did before anything was ordered. */
  crossings: number;
  crossingsBefore: number;
}

/** What the worker is asked, and what it answers. */
export interface LayoutQuestion {
  graph: Graph;
  most: number;
  aspect: number;
}

export interface LayoutAnswer {
  graph: Graph;
  placing: Placing;
  /** How many entities there are, and how many of them stand in how many groups. */
  entities: number;
  grouped: number;
  groups: number;
  milliseconds: number;
}
