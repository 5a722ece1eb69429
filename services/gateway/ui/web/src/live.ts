// What changes, as it changes: one stream for all tabs of the browser, told to each part of a page that shows it.
import htmx from "htmx.org";

/** One change, as the stream tells it. */
export interface Change {
  incidentId: string;
  parts: string[];
  summary: unknown;
}

const STREAM = "/api/stream";
const LOCK = "faultline-stream";
const AGAIN_MILLISECONDS = 5_000;
const GATHER_MILLISECONDS = 250;
const channel = new BroadcastChannel("faultline-changes");
const due = new Map<string, Set<string>>();
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Tell `[data-live]` elements that what they show changed: the element gets the event `changed`, which its hx-trigger
 * waits for. `data-live="incident timeline"` are the parts it shows, `data-incident` the one incident it is about;
 * without that it is told of all.
 */
export function followChanges(): void {
  // A page without anything live, such as the one to sign in, asks for no stream.
  if (!document.querySelector("[data-live]")) return;
  channel.addEventListener("message", (event) => take(event.data as Change | "reset"));
  document.addEventListener("refresh", (event) => takeParts((event as CustomEvent<{ parts: string[] }>).detail.parts));
  // The lock is held by one tab, and goes to the next when that is closed.
  void navigator.locks.request(LOCK, hold);
}

async function hold(): Promise<void> {
  for (;;) await read();
}

function read(): Promise<void> {
  return new Promise((over) => {
    const source = new EventSource(STREAM);
    const pass = (news: Change | "reset"): void => {
      channel.postMessage(news);
      take(news);
    };
    source.addEventListener("changed", (event) => pass(JSON.parse((event as MessageEvent<string>).data) as Change));
    source.addEventListener("reset", () => pass("reset"));
    source.addEventListener("ready", () => mark("live"));
    source.addEventListener("error", () => {
      mark("waiting");
      // The browser tries again by itself, but for a refusal: of a session that is over, or of one stream too many.
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      setTimeout(over, AGAIN_MILLISECONDS);
    });
  });
}

function mark(state: string): void {
  document.documentElement.dataset["stream"] = state;
}

function take(news: Change | "reset"): void {
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
  tell(shown.filter((place) => (place.dataset["live"] ?? "").split(" ").some((part) => parts.includes(part))));
}

function tell(places: Iterable<HTMLElement>): void {
  for (const place of places) htmx.trigger(place, "changed", {});
}
