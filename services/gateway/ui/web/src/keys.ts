// Keys that work on every page: `?` explains, `/` searches, `g` and a letter goes somewhere. Pages add their own.
import { openDialog } from "./dialogs.ts";

const PLACES: Record<string, string> = { d: "/", i: "/incidents", a: "/actions", q: "/quickdx", o: "/operations" };
const CHORD_MILLISECONDS = 1_200;
const handlers = new Map<string, () => void>();
let begun = 0;

/** Have `handler` called for `key` wherever no field has the focus. */
export function onKey(key: string, handler: () => void): void {
  handlers.set(key, handler);
}

/** Listen. Keys typed into fields, or with Ctrl, Alt or Meta, are nobody's but the browser's. */
export function listenToKeys(): void {
  onKey("?", () => openDialog("keys"));
  onKey("/", () => document.querySelector<HTMLInputElement>("[data-search]")?.focus());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "g") {
      begun = event.timeStamp;
      return;
    }
    const place = event.timeStamp - begun < CHORD_MILLISECONDS ? PLACES[event.key] : undefined;
    begun = 0;
    if (place) {
      location.assign(place);
      return;
    }
    const handler = handlers.get(event.key);
    if (handler) {
      event.preventDefault();
      handler();
    }
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && (target as HTMLInputElement).type !== "checkbox");
}
