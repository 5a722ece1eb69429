// The inbox at work: keys, the selection, and rows that stay where they are while the world changes.
import { openDialog } from "../dialogs.ts";
import { onKey } from "../keys.ts";
import { cursor, dropCursor, keepCursor, moveCursor, openCursor } from "./cursor.ts";
import { fitLabels, keepLabels } from "./labels.ts";
import { isBare, keepFresh, showAll, showAnew } from "./freshness.ts";
import { checkNone, keepSelection, pick, pickTo, tellSelection } from "./selection.ts";

/** Begin; `place` holds the inbox, whose content is exchanged as a person narrows it. */
export function start(place: HTMLElement): void {
  keepCursor(place);
  keepSelection(place);
  keepFresh(place);
  keepLabels(place);
  listen();
  // At once, not when it settles: until then all labels would be there for Tab.
  document.addEventListener("htmx:afterSwap", fitLabels);
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.target instanceof HTMLElement ? event.target.id : "";
    if (id === "several-body") openDialog("several-dialog");
    if (id === "inbox") tellSearch();
    tellSelection();
  });
  fitLabels();
  document.getElementById("several-dialog")?.addEventListener("close", showAnew);
  tellSelection();
  document.documentElement.dataset["inbox"] = "ready";
}

function listen(): void {
  onKey("j", () => moveCursor(1));
  onKey("k", () => moveCursor(-1));
  onKey("o", openCursor);
  onKey("n", () => document.getElementById("new-incident")?.click());
  onKey("x", () => pick(cursor()));
  onKey("X", () => pickTo(cursor()));
  onKey("Escape", () => {
    checkNone();
    dropCursor();
  });
  onKey(".", () => showAll());
  for (const [key, deed] of [["a", "assign"], ["s", "severity"], ["m", "move"], ["M", "merge"]] as const) onKey(key, () => doWith(deed));
}

/** Begin what is done with the selected incidents; where none is, with the one the cursor is at. */
function doWith(deed: string): void {
  if (isBare() && cursor()) pick(cursor());
  if (!isBare()) document.querySelector<HTMLButtonElement>(`#several button[value="${deed}"]`)?.click();
}

/** Have a view that somebody went to say what it searches for; what is typed stays while a person types. */
function tellSearch(): void {
  const search = document.querySelector<HTMLInputElement>("#q");
  if (search && document.activeElement !== search) search.value = new URLSearchParams(location.search).get("q") ?? "";
}
