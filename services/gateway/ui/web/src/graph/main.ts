// The layered graph of an incident: fetches it, has it laid out and drawn, and lets mouse and keyboard find the way.
import type { Core } from "cytoscape";
import { onClick } from "../page.ts";
import { draw, fit, goTo, light, recolour, zoom } from "./drawing.ts";
import { showEntity, showGroup } from "./entity.ts";
import { chosen, filterList, isFound, isLit, isShown } from "./filtering.ts";
import { spoken } from "./labels.ts";
import { showLanes } from "./lanes.ts";
import { layOutBeside } from "./laying.ts";
import type { Graph, GraphNode, LayoutAnswer } from "./shapes.ts";
import { keepView, takeView } from "./viewport.ts";
import { isDirection, nextSpot } from "./walking.ts";

/** One picture with its tools, its panel and its list. */
class Picture {
  private at: string | null = null;
  private readonly legend: HTMLTemplateElement;
  private readonly panel: HTMLElement;
  private readonly canvas: HTMLElement;
  private readonly place: HTMLElement;
  private readonly graph: Graph;
  private readonly answer: LayoutAnswer;
  private readonly cy: Core;

  constructor(place: HTMLElement, graph: Graph, answer: LayoutAnswer, cy: Core) {
    this.place = place;
    this.graph = graph;
    this.answer = answer;
    this.panel = find(place, "#graph-entity");
    this.canvas = find(place, ".graph-canvas");
    this.legend = find<HTMLTemplateElement>(place, "#graph-legend");
    this.cy = cy;
    showLanes(find(place, ".graph-lanes"), this.cy, answer.placing.lanes);
  }

  listen(): void {
    this.cy.on("tap", "node", (event) => void this.show(event.target.id() as string));
    this.cy.on("mouseover", "node", () => (this.canvas.style.cursor = "pointer"));
    this.cy.on("mouseout", "node", () => (this.canvas.style.cursor = ""));
    this.canvas.addEventListener("focus", () => this.cy.userZoomingEnabled(true));
    this.canvas.addEventListener("blur", () => this.cy.userZoomingEnabled(false));
    this.canvas.addEventListener("pointerdown", () => this.canvas.focus({ preventScroll: true }));
    this.canvas.addEventListener("keydown", (event) => this.onKey(event));
    for (const tool of this.place.querySelectorAll(".graph-tools input, .graph-tools select")) tool.addEventListener("input", () => this.filter());
    find<HTMLInputElement>(this.place, "#graph-search").addEventListener("keydown", (event) => event.key === "Enter" && this.goToFirstFound());
    onClick("[data-zoom]", (button) => this.zoom(button.dataset["zoom"] ?? ""));
    onClick("[data-entity]", (link, event) => this.follow(link, event));
    onClick("[data-leaves-entity]", (_, event) => this.leave(event));
    document.addEventListener("themechange", () => recolour(this.cy, this.answer));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => recolour(this.cy, this.answer));
    keepView(this.place.dataset["incident"] ?? "", this.cy, () => this.at);
  }

  /** Begin where the person was, or at the entity of the address. */
  begin(): void {
    const kept = takeView(this.place.dataset["incident"] ?? "", this.cy);
    const asked = new URLSearchParams(location.search).get("entity");
    if (asked) this.mark(this.shownAs(asked));
    else if (kept) void this.show(kept, false);
    const { entities, grouped, groups } = this.answer;
    const note = find(this.place, ".graph-note");
    if (groups) note.textContent = `${entities} entities are too many to draw: ${grouped} of them stand in ${groups} ${groups === 1 ? "group" : "groups"}. The list has each.`;
    this.filter();
  }

  private async show(id: string, withFocus = true): Promise<void> {
    const shownAs = this.shownAs(id);
    this.mark(shownAs);
    keepInAddress(id);
    const group = this.nodeOf(shownAs);
    if (group?.members && shownAs === id) showGroup(this.panel, group);
    else await showEntity(this.panel, this.place.dataset["entityAddress"] ?? "", id);
    if (withFocus) this.panel.scrollTop = 0;
  }

  private mark(id: string | null): void {
    this.at = id;
    goTo(this.cy, id);
    const node = id === null ? undefined : this.nodeOf(id);
    find(this.place, ".graph-spoken").textContent = node ? spoken(node) : "";
    for (const row of document.querySelectorAll("#graph-list tr[aria-current]")) row.removeAttribute("aria-current");
    if (id) document.querySelector(`#graph-list [data-row="${CSS.escape(id)}"]`)?.setAttribute("aria-current", "true");
  }

  private filter(): void {
    const by = chosen(this.place);
    light(this.cy, (node) => isLit(node, by), (node) => isShown(node, by));
    const count = filterList(this.graph.nodes, by);
    const total = this.graph.nodes.length;
    const told = document.querySelector(".graph-list-count");
    if (told) told.textContent = count === total ? "" : `${count} of ${total} as filtered above`;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (isDirection(event.key)) this.walk(event.key, event.shiftKey);
    else if (event.key === "Enter" && this.at) void this.show(this.at).then(() => this.panel.focus());
    else if (event.key === "Escape") this.leave();
    else if (event.key === "+" || event.key === "=") this.zoom("in");
    else if (event.key === "-") this.zoom("out");
    else if (event.key === "0") this.zoom("fit");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private walk(key: string, isAlongEdges: boolean): void {
    const spots = this.cy.nodes().toArray().filter((node) => !node.hasClass("hidden")).map((node) => ({ id: node.id(), ...node.position() }));
    const from = spots.find((spot) => spot.id === this.at);
    if (!from) {
      // Begin where the trouble is.
      const first = this.answer.graph.nodes.find((node) => node.state === "culprit") ?? this.answer.graph.nodes.find((node) => node.is_seed) ?? this.answer.graph.nodes[0];
      if (first) this.mark(first.id);
      return;
    }
    const around = isAlongEdges ? new Set(this.cy.getElementById(from.id).neighborhood().nodes().map((node) => node.id())) : undefined;
    const next = nextSpot(from, key, around ? spots.filter((spot) => around.has(spot.id)) : spots);
    if (next) this.mark(next);
  }

  private goToFirstFound(): void {
    const { search } = chosen(this.place);
    const found = search ? this.answer.graph.nodes.find((node) => isFound(node, search)) : undefined;
    if (!found) return;
    this.canvas.focus();
    void this.show(found.id);
  }

  private zoom(way: string): void {
    if (way === "fit") fit(this.cy, this.answer);
    else zoom(this.cy, way === "in");
  }

  private follow(link: HTMLElement, event: MouseEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void this.show(link.dataset["entity"] ?? "").then(() => {
      // Wherever the link was, what it tells is where the reading goes on.
      this.panel.focus({ preventScroll: true });
      if (!this.panel.contains(link)) this.place.scrollIntoView({ block: "start" });
    });
  }

  private leave(event?: Event): void {
    event?.preventDefault();
    this.mark(null);
    keepInAddress(null);
    this.panel.replaceChildren(this.legend.content.cloneNode(true));
    if (event) this.canvas.focus({ preventScroll: true });
  }

  private nodeOf(id: string | null): GraphNode | undefined {
    return this.answer.graph.nodes.find((node) => node.id === id);
  }

  /** The id under which an entity is drawn: its group's, where it is in one. */
  private shownAs(id: string): string {
    return this.answer.graph.nodes.find((node) => node.members?.includes(id))?.id ?? id;
  }
}

/** Draw the graph of `place`. */
export function start(place: HTMLElement): void {
  open(place).catch((error: unknown) => tellFailure(place, error));
}

async function open(place: HTMLElement): Promise<void> {
  const answer = await fetch(place.dataset["address"] ?? "", { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the gateway answered ${answer.status}`);
  const graph = (await answer.json()) as Graph;
  performance.mark("graph-fetched");
  const canvas = find(place, ".graph-canvas");
  const laidOut = await layOutBeside(graph, canvas.clientWidth / Math.max(canvas.clientHeight, 1));
  performance.mark("graph-laid-out", { detail: laidOut.milliseconds });
  const picture = new Picture(place, graph, laidOut, await draw(canvas, laidOut));
  picture.listen();
  picture.begin();
  place.dataset["started"] = "true";
  performance.mark("graph-drawn");
}

/** Let the address of the page lead to where the person is: to send it to others, or to load it again. */
function keepInAddress(entity: string | null): void {
  const address = new URL(location.href);
  if (entity === null) address.searchParams.delete("entity");
  else address.searchParams.set("entity", entity);
  history.replaceState(history.state, "", address);
}

function tellFailure(place: HTMLElement, error: unknown): void {
  console.error(error);
  find(place, ".graph-wait").textContent = "The picture could not be drawn. Load the page again; the list below says the same.";
}

function find<Found extends HTMLElement = HTMLElement>(place: HTMLElement, selector: string): Found {
  const found = place.querySelector<Found>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}
