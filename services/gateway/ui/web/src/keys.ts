// Keys that work on every page: `?` explains, `/` searches, `g` and a letter goes somewhere. Pages add their own.
import { openDialog } from "./dialogs.ts";

const PLACES: Record<string, string> = { d: "/", i: "/incidents", a: "/actions", q: "/quickdx", o: "/operations" };
const CHORD_MILLISECONDS = 1_200;
const handlers = new Map<string, () => void>();

/** Have `handler` called for `key` wherever no field has the focus. */
export function onKey(key: string, handler: () => void): void {
  handlers.set(key, handler);
}

/**
 * Return what reads keys in their order: with each, and its moment in milliseconds, it answers the address that the key
 * leads to after a `g`, null for that `g` itself, or undefined where it leads nowhere.
 */
export function readChords(): (key: string, at: number) => string | null | undefined {
  // Not 0: the clock of a page begins with it, and its first key would come shortly after that.
  let begun = -Infinity;
  return (key, at) => {
    const place = at - begun < CHORD_MILLISECONDS ? PLACES[key] : undefined;
    begun = key === "g" ? at : -Infinity;
    return key === "g" ? null : place;
  };
}

/** Listen. Keys typed into fields, or with Ctrl, Alt or Meta, are nobody's but the browser's. */
export function listenToKeys(): void {
  onKey("?", () => openDialog("keys"));
  onKey("/", () => document.querySelector<HTMLInputElement>("[data-search]")?.focus());
  const read = readChords();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const place = read(event.key, event.timeStamp);
    if (place === null) return;
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
