// The panel beside the picture: what is known of one entity, as the server tells it; of a group, who is in it.
import htmx from "htmx.org";
import { element } from "../page.ts";
import type { GraphNode } from "./shapes.ts";

const MOST_MEMBERS = 100;

/** Show what is known of an entity; `address` is where the server tells it. */
export async function showEntity(panel: HTMLElement, address: string, id: string): Promise<void> {
  await htmx.ajax("get", `${address}&entity=${encodeURIComponent(id)}`, { target: panel, swap: "innerHTML" });
}

/** Show who is in a group. */
export function showGroup(panel: HTMLElement, group: GraphNode): void {
  const list = element("ul", "entity-list");
  const members = group.members ?? [];
  for (const member of members.slice(0, MOST_MEMBERS)) {
    const line = element("li", "");
    const button = element("button", "quiet graph-member", member);
    button.setAttribute("type", "button");
    button.dataset["entity"] = member;
    line.append(button);
    list.append(line);
  }
  const title = element("h3", "", group.name);
  const says = element("p", "dim", `They are alike (${group.state}) and stand as one, because all of them would be too many to draw.`);
  const more = members.length > MOST_MEMBERS ? [element("p", "dim", `${members.length - MOST_MEMBERS} more are in the list below.`)] : [];
  panel.replaceChildren(title, says, list, ...more);
}
