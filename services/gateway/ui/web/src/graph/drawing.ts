// The picture itself, drawn by cytoscape: cards, edges, what is lit up, and where the person is.
import cytoscape from "cytoscape";
import type { Core, NodeSingular } from "cytoscape";
import { cardLabel, edgeLabel } from "./labels.ts";
import { look, roomOnACard } from "./look.ts";
import type { GraphNode, LayoutAnswer } from "./shapes.ts";

// Cytoscape would write this rule into the page itself, which the content security policy forbids; graph.css has it.
const STYLESHEET = "__________cytoscape_stylesheet";
const PADDING = 14;
const ZOOM_STEP = 1.3;
const AT_A_TIME = 200;
const OUT_OF_SIGHT = -1e6;
// On a narrow screen all at once is too small to read: there it begins with a part that is not.
const NARROW = { width: 600, zoom: 0.56 };

/** Draw what was laid out into `canvas`, some of it at a time, so that keys are heard in between. */
export async function draw(canvas: HTMLElement, answer: LayoutAnswer): Promise<Core> {
  if (!document.getElementById(STYLESHEET)) document.head.append(Object.assign(document.createElement("meta"), { id: STYLESHEET }));
  const cy = cytoscape({
    container: canvas,
    // Out of sight until all is there: a frame for every part of it would cost more than the whole.
    pan: { x: OUT_OF_SIGHT, y: 0 },
    style: look(answer.graph.links.length),
    layout: { name: "preset", fit: false },
    minZoom: 0.08,
    maxZoom: 2.5,
    autoungrabify: true,
    boxSelectionEnabled: false,
    // The wheel scrolls the page until the picture is the place where the person is.
    userZoomingEnabled: false,
  });
  const elements = elementsOf(answer);
  for (let index = 0; index < elements.length; index += AT_A_TIME) {
    cy.add(elements.slice(index, index + AT_A_TIME));
    await new Promise((next) => setTimeout(next));
  }
  fit(cy, answer, cy.width() < NARROW.width ? NARROW.zoom : 0);
  return cy;
}

/** Show all of it, or as much as there is room for at the zoom `least`. */
export function fit(cy: Core, answer: LayoutAnswer, least = 0): void {
  const { width, height } = answer.placing;
  const zoom = Math.max(Math.min((cy.width() - 2 * PADDING) / width, (cy.height() - 2 * PADDING) / height, 1.25), least);
  cy.viewport({ zoom, pan: { x: Math.max((cy.width() - width * zoom) / 2, PADDING), y: Math.max((cy.height() - height * zoom) / 2, PADDING) } });
}

/** Zoom about the middle of what is seen. */
export function zoom(cy: Core, isCloser: boolean): void {
  cy.zoom({ level: cy.zoom() * (isCloser ? ZOOM_STEP : 1 / ZOOM_STEP), renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
}

/** Take the colours of the page as they are now. */
export function recolour(cy: Core, answer: LayoutAnswer): void {
  cy.style(look(answer.graph.links.length));
}

/** Mark where the person is, with its edges; everything that is neither steps back. */
export function goTo(cy: Core, id: string | null): void {
  cy.batch(() => {
    cy.elements().removeClass("at near aside");
    if (id === null) return;
    const node = cy.getElementById(id);
    if (node.empty()) return;
    cy.elements().difference(node.closedNeighborhood()).addClass("aside");
    node.addClass("at");
    node.connectedEdges().addClass("near");
  });
  if (id !== null) bringIntoView(cy, cy.getElementById(id) as NodeSingular);
}

/** Fade all nodes but those `isLit` says, and the edges that do not lie between two of them. */
export function light(cy: Core, isLit: (node: GraphNode) => boolean, isShown: (node: GraphNode) => boolean): void {
  cy.batch(() => {
    cy.nodes().forEach((node) => {
      const own = node.data("node") as GraphNode;
      node.toggleClass("hidden", !isShown(own)).toggleClass("faded", !isLit(own));
    });
    cy.edges().forEach((edge) => {
      edge.toggleClass("faded", edge.source().hasClass("faded") || edge.target().hasClass("faded"));
    });
  });
}

function bringIntoView(cy: Core, node: NodeSingular): void {
  if (node.empty()) return;
  const box = node.renderedBoundingBox();
  const dx = box.x1 < PADDING ? PADDING - box.x1 : box.x2 > cy.width() - PADDING ? cy.width() - PADDING - box.x2 : 0;
  const dy = box.y1 < PADDING ? PADDING - box.y1 : box.y2 > cy.height() - PADDING ? cy.height() - PADDING - box.y2 : 0;
  if (dx || dy) cy.panBy({ x: dx, y: dy });
}

function elementsOf(answer: LayoutAnswer): cytoscape.ElementDefinition[] {
  const { graph, placing } = answer;
  const fits = roomOnACard();
  const nodes = graph.nodes.map((node) => ({
    group: "nodes" as const,
    data: { id: node.id, label: cardLabel(node, fits), state: node.state, blast: node.blast, change: node.change, seed: node.is_seed, group: Boolean(node.members), node },
    position: placing.places[node.id] ?? { x: 0, y: 0 },
  }));
  const links = graph.links.map((link) => ({
    group: "edges" as const,
    data: { id: `edge ${link.id}`, source: link.source, target: link.target, label: edgeLabel(link), state: link.state, confidence: link.confidence, change: link.change },
  }));
  return [...nodes, ...links];
}
