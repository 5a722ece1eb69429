// Where the person looks, kept while the page goes on to a newer investigation.
import type { Core } from "cytoscape";
import { onClick } from "../page.ts";

interface View {
  zoom: number;
  pan: { x: number; y: number };
  entity: string | null;
}

/** Keep the view when a link with `data-keeps-view` is followed. */
export function keepView(incident: string, cy: Core, entity: () => string | null): void {
  onClick("[data-keeps-view]", () => {
    const view: View = { zoom: cy.zoom(), pan: { ...cy.pan() }, entity: entity() };
    sessionStorage.setItem(nameOf(incident), JSON.stringify(view));
  });
}

/** Take the view that was kept, once; return the entity the person was at. */
export function takeView(incident: string, cy: Core): string | null {
  const kept = sessionStorage.getItem(nameOf(incident));
  sessionStorage.removeItem(nameOf(incident));
  if (!kept) return null;
  const view = JSON.parse(kept) as View;
  cy.viewport({ zoom: view.zoom, pan: view.pan });
  return view.entity;
}

function nameOf(incident: string): string {
  return `faultline-graph-${incident}`;
}
