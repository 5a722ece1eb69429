// Ask the worker to lay a graph out.
import { meta } from "../page.ts";
import type { Graph, LayoutAnswer, LayoutQuestion } from "./shapes.ts";

/** The most nodes that are drawn; more than these are grouped first. */
export const MOST = 500;

/** Return how `graph` is drawn in a place `aspect` times as wide as high; the page goes on meanwhile. */
export function layOutBeside(graph: Graph, aspect: number, most = MOST): Promise<LayoutAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(meta("module-layout"), { type: "module" });
    worker.onmessage = (event: MessageEvent<LayoutAnswer>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.onerror = (event) => {
      worker.terminate();
      reject(new Error(event.message || "the layout could not be loaded"));
    };
    worker.postMessage({ graph, most, aspect } satisfies LayoutQuestion);
  });
}
