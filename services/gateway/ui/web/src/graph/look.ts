// How the picture looks: colours from the page's own, read anew whenever the theme changes; shapes as in the list.
import type { StylesheetJson } from "cytoscape";
import { CARD } from "./layout.ts";

const ICON = 16;
const ICON_ROOM = 30;
const FONT_SIZE = 12;
// Between the end of the longest line and the edge of its card.
const END_ROOM = 6;
const SHAPES: Record<string, string> = {
  culprit: '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="COLOUR"/><path d="m5.5 5.5 5 5m0-5-5 5" stroke="GROUND" stroke-width="2" fill="none"/>',
  absent: '<circle cx="8" cy="8" r="6" fill="none" stroke="COLOUR" stroke-width="2" stroke-dasharray="3 2"/><path d="m4 12 8-8" stroke="COLOUR" stroke-width="2"/>',
  affected: '<path d="M8 1.5 15.5 15H.5z" fill="COLOUR"/><path d="M8 6v4m0 2v1" stroke="GROUND" stroke-width="2" fill="none"/>',
  unknown: '<path d="M8 1 15 8l-7 7-7-7z" fill="none" stroke="COLOUR" stroke-width="2" stroke-dasharray="2 1.5"/>',
  present: '<circle cx="8" cy="8" r="5" fill="none" stroke="COLOUR" stroke-width="2"/>',
};

/** The colours of the page as they are now. */
function colours(): (name: string) => string {
  const found = getComputedStyle(document.documentElement);
  return (name) => found.getPropertyValue(`--${name}`).trim();
}

/** Return the style of the picture in the theme of now; `links` is how many edges there are, which are the paler the more. */
export function look(links: number): StylesheetJson {
  const of = colours();
  const icon = (state: string, colour: string): string =>
    `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 16 16">${(SHAPES[state] ?? "").replaceAll("COLOUR", of(colour)).replaceAll("GROUND", of("panel"))}</svg>`)}`;
  return [...nodes(of, icon), ...marks(of), ...edges(of, links > 400 ? 0.22 : links > 80 ? 0.4 : 0.65)];
}

/** Return what measures the lines of the cards in the page's own font. */
export function roomOnACard(): (line: string) => boolean {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return () => true;
  pen.font = `${FONT_SIZE}px ${colours()("font") || "sans-serif"}`;
  return (line) => pen.measureText(line).width <= CARD.width - ICON_ROOM - END_ROOM;
}

type Of = (name: string) => string;

function nodes(of: Of, icon: (state: string, colour: string) => string): StylesheetJson {
  const state = (name: string, colour: string, ground: string, border: number, style: "solid" | "dashed" | "dotted"): StylesheetJson[number] => ({
    selector: `node[state = "${name}"]`,
    style: { "background-color": of(ground), "border-color": of(colour), "border-width": border, "border-style": style, "background-image": icon(name, colour) },
  });
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle",
        width: CARD.width,
        height: CARD.height,
        "background-color": of("panel"),
        "border-width": 1,
        "border-color": of("line-strong"),
        "background-width": ICON,
        "background-height": ICON,
        "background-position-x": "9px",
        "background-position-y": "50%",
        label: "data(label)",
        color: of("text"),
        "font-family": of("font") || "sans-serif",
        "font-size": FONT_SIZE,
        "line-height": 1.2,
        "text-wrap": "wrap",
        // To the right of the right edge, and back by all but the icon's room: so all begin at one line.
        "text-halign": "right",
        "text-valign": "center",
        "text-justification": "left",
        "text-margin-x": ICON_ROOM - CARD.width,
        "text-max-width": "900px",
        "min-zoomed-font-size": 6,
      },
    },
    state("culprit", "bad", "bad-soft", 2.5, "solid"),
    state("absent", "bad", "panel", 2, "dashed"),
    state("affected", "warn", "warn-soft", 1.5, "solid"),
    state("unknown", "dim", "panel", 2, "dotted"),
    state("present", "good", "panel", 1, "solid"),
    { selector: 'node[state = "culprit"]', style: { shape: "cut-rectangle" } },
    { selector: 'node[state = "present"]', style: { "border-color": of("line-strong") } },
    { selector: 'node[state = "present"][blast = ""][!seed]', style: { "background-color": of("sunken"), "border-color": of("line"), color: of("dim") } },
  ];
}

function marks(of: Of): StylesheetJson {
  return [
    { selector: "node[?seed]", style: { "outline-width": 2.5, "outline-color": of("accent"), "outline-offset": 2 } },
    { selector: "node[?group]", style: { "border-style": "double", "border-width": 4 } },
    { selector: 'node[change = "came"]', style: { "border-color": of("good"), "border-width": 3 } },
    { selector: 'node[change = "went"]', style: { "border-color": of("dim"), "border-style": "dashed", "border-width": 2, "background-color": of("sunken"), color: of("dim"), "background-image": "none" } },
    { selector: 'node[change != ""][change != "came"][change != "went"]', style: { "border-color": of("busy"), "border-width": 3 } },
    { selector: "node.aside", style: { opacity: 0.45 } },
    { selector: "node.faded", style: { opacity: 0.16 } },
    { selector: "node.at", style: { "overlay-color": of("focus"), "overlay-opacity": 0.16, "overlay-padding": 5, "border-color": of("focus"), "border-width": 3 } },
    { selector: ".hidden", style: { display: "none" } },
  ];
}

function edges(of: Of, opacity: number): StylesheetJson {
  return [
    {
      selector: "edge",
      style: {
        "curve-style": "straight",
        width: "mapData(confidence, 0, 1, 0.6, 1.8)",
        "line-color": of("line-strong"),
        "target-arrow-color": of("line-strong"),
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.7,
        opacity,
      },
    },
    { selector: 'edge[state = "absent"]', style: { "line-style": "dashed", "line-color": of("bad"), "target-arrow-color": of("bad"), "target-arrow-shape": "tee", opacity: 0.85 } },
    { selector: 'edge[state = "unknown"]', style: { "line-style": "dotted" } },
    { selector: 'edge[change = "came"]', style: { "line-color": of("good"), "target-arrow-color": of("good"), width: 2.5, opacity: 1 } },
    { selector: 'edge[change = "went"]', style: { "line-style": "dashed", opacity: 0.8 } },
    { selector: 'edge[change != ""][change != "came"][change != "went"]', style: { "line-color": of("busy"), "target-arrow-color": of("busy"), width: 2.5, opacity: 1 } },
    { selector: "edge.aside", style: { opacity: 0.12 } },
    { selector: "edge.faded", style: { opacity: 0.05 } },
    {
      selector: "edge.near",
      style: {
        opacity: 1,
        width: 2,
        "line-color": of("focus"),
        "target-arrow-color": of("focus"),
        label: "data(label)",
        "font-size": 9,
        color: of("text"),
        "text-background-color": of("panel"),
        "text-background-opacity": 0.92,
        "text-background-padding": "2px",
        "z-index": 20,
      },
    },
    { selector: 'edge.near[state = "absent"]', style: { "line-color": of("bad"), "target-arrow-color": of("bad") } },
  ];
}
