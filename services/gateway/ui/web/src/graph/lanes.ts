// The bands of the layers behind the picture, with their names at its edge however it is moved.
import type { Core } from "cytoscape";
import { element } from "../page.ts";
import type { Lane } from "./shapes.ts";

/** Draw the lanes into `place` and keep them where the picture has them. */
export function showLanes(place: HTMLElement, cy: Core, lanes: Lane[]): void {
  const bands = lanes.map((lane) => {
    const band = element("div", "graph-lane");
    band.append(element("span", "graph-lane-name", lane.name));
    return band;
  });
  place.replaceChildren(...bands);
  const move = (): void => {
    const zoom = cy.zoom();
    const top = cy.pan().y;
    lanes.forEach((lane, index) => {
      const band = bands[index];
      if (!band) return;
      band.style.transform = `translateY(${top + lane.top * zoom}px)`;
      band.style.height = `${lane.height * zoom}px`;
    });
  };
  cy.on("viewport resize", move);
  move();
}
