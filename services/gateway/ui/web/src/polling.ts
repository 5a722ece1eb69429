// What the stream does not tell of is asked for again: `data-polls` elements get the event `changed` now and then.
import htmx from "htmx.org";

const EVERY_MILLISECONDS = 10_000;

/** Refresh `[data-polls]` elements while the page is seen, and at once when it comes back into sight. */
export function pollWhileSeen(): void {
  const poll = (): void => {
    if (document.hidden) return;
    for (const place of document.querySelectorAll<HTMLElement>("[data-polls]")) htmx.trigger(place, "changed", {});
  };
  setInterval(poll, EVERY_MILLISECONDS);
  document.addEventListener("visibilitychange", poll);
}
