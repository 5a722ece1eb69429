// What changes, as it changes: told to each part of a page that shows it.
import htmx from "htmx.org";
import { listenToStream, type News, type StreamState } from "./stream.ts";

export type { Change } from "./stream.ts";

const TITLES: Record<StreamState, string> = {
  live: "What changes is shown as it happens.",
  waiting: "The gateway tells nothing of changes just now, so this page may be old. It is asked again by itself.",
};
const GATHER_MILLISECONDS = 250;
const due = new Map<string, Set<string>>();
const told = new WeakMap<Element, number>();
const waiting = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Tell `[data-live]` elements that what they show changed: the element gets the event `changed`, which its hx-trigger
 * waits for. `data-live="incident timeline"` are the parts it shows, `data-incident` the one incident it is about;
 * without that it is told of all. `data-pace` is how many milliseconds pass at least between two tellings.
 */
export function followChanges(): void {
  document.addEventListener("htmx:beforeSwap", dropStale);
  // A page whose content follows nothing, such as a form, asks for no stream: not for the number in the bar alone.
  if (!document.querySelector("main [data-live]")) return;
  document.addEventListener("refresh", (event) => takeParts((event as CustomEvent<{ parts: string[] }>).detail.parts));
  document.addEventListener("signedin", () => take("reset"));
  // Shown again by the back button, as it was left.
  window.addEventListener("pageshow", (event) => event.persisted && take("reset"));
  listenToStream(take, (state) => mark(state));
}

function mark(state: StreamState): void {
  document.documentElement.dataset["stream"] = state;
  const shown = document.querySelector<HTMLElement>(".stream");
  if (shown) shown.title = TITLES[state];
}

function take(news: News): void {
  document.dispatchEvent(new CustomEvent("livechange", { detail: news }));
  if (news === "reset") {
    tell(document.querySelectorAll<HTMLElement>("[data-live]"));
    return;
  }
  const parts = due.get(news.incidentId) ?? new Set();
  news.parts.forEach((part) => parts.add(part));
  due.set(news.incidentId, parts);
  // A storm is one refresh in a while, not one a change.
  timer ??= setTimeout(tellDue, GATHER_MILLISECONDS);
}

function tellDue(): void {
  timer = undefined;
  const changed = new Map(due);
  due.clear();
  const shown = [...document.querySelectorAll<HTMLElement>("[data-live]")];
  tell(shown.filter((place) => {
    const wanted = (place.dataset["live"] ?? "").split(" ");
    const about = place.dataset["incident"];
    const parts = about ? [...(changed.get(about) ?? [])] : [...changed.values()].flatMap((one) => [...one]);
    return parts.some((part) => wanted.includes(part));
  }));
}

function takeParts(parts: string[]): void {
  const shown = [...document.querySelectorAll<HTMLElement>("[data-live]")];
  // What the person just did is shown at once, whatever the pace.
  tell(shown.filter((place) => (place.dataset["live"] ?? "").split(" ").some((part) => parts.includes(part))), true);
}

function tell(places: Iterable<HTMLElement>, isHurried = false): void {
  for (const place of places) {
    const pace = isHurried ? 0 : Number(place.dataset["pace"] ?? 0);
    const wait = (told.get(place) ?? -Infinity) + pace - performance.now();
    if (wait > 0) tellLater(place.id, wait);
    else tellNow(place);
  }
}

function tellLater(id: string, wait: number): void {
  if (!id || waiting.has(id)) return;
  waiting.add(id);
  setTimeout(() => {
    waiting.delete(id);
    // It may be another element by now, or gone.
    const place = document.getElementById(id);
    if (place) tellNow(place);
  }, wait);
}

function tellNow(place: HTMLElement): void {
  told.set(place, performance.now());
  htmx.trigger(place, "changed", {});
}

interface Answered {
  detail: { shouldSwap: boolean; pathInfo: { requestPath: string }; requestConfig: { verb: string; elt: HTMLElement } };
}

/** Answer whether a part asked this before the person went to another view: then the answer comes too late for it. */
export function isStale(event: Event): boolean {
  const { pathInfo, requestConfig } = (event as unknown as Answered).detail;
  const now = requestConfig.elt.getAttribute("hx-get");
  return requestConfig.verb === "get" && requestConfig.elt.hasAttribute("data-live") && now !== null && now !== pathInfo.requestPath;
}

function dropStale(event: Event): void {
  if (isStale(event)) (event as unknown as Answered).detail.shouldSwap = false;
}
