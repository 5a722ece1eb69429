// Lays a graph out beside the page, so that typing and scrolling never wait for it.
import { layOut } from "./layout.ts";
import type { LayoutAnswer, LayoutQuestion } from "./shapes.ts";
import { simplify } from "./simplify.ts";

self.onmessage = (event: MessageEvent<LayoutQuestion>) => {
  const began = performance.now();
  const { graph, most, aspect } = event.data;
  const shown = simplify(graph, most);
  const groups = shown.nodes.filter((node) => node.members);
  const answer: LayoutAnswer = {
    graph: shown,
    placing: layOut(shown, aspect),
    entities: graph.nodes.length,
    grouped: groups.reduce((sum, group) => sum + (group.members?.length ?? 0), 0),
    groups: groups.length,
    milliseconds: performance.now() - began,
  };
  self.postMessage(answer);
};
