// One stream of changes for all tabs of the browser: one tab holds it and tells the others.

/** One change, as the stream tells it. */
export interface Change {
  incidentId: string;
  parts: string[];
  summary: unknown;
}

/** A change; or that too much was missed to tell it, and everything is to be read again. */
export type News = Change | "reset";
/** Whether what changes is told as it happens: not, while the gateway does not answer or refuses. */
export type StreamState = "live" | "waiting";
type Said = { news: News } | { state: StreamState } | { asks: true } | { state: StreamState; recent: News[] };

const STREAM = "/api/stream";
const LOCK = "faultline-stream";
// Where the stream of the last page was: the next one begins there, so that nothing falls between two pages.
const AT = "faultline-stream-at";
const AGAIN_MILLISECONDS = 5_000;
// A page that was made this long ago may have missed what came before its script ran.
const RECENT_MILLISECONDS = 5_000;
const FRESH_MILLISECONDS = 60_000;
const channel = new BroadcastChannel("faultline-changes");
const recent: { at: number; news: News }[] = [];
let state: StreamState = "waiting";
let holds = false;
let isShared = true;

/** Call `take` for each change and `mark` for each turn of the state, whichever tab holds the stream. */
export function listenToStream(take: (news: News) => void, mark: (state: StreamState) => void): void {
  channel.addEventListener("message", (event) => hear(event.data as Said, take, mark));
  channel.postMessage({ asks: true } satisfies Said);
  mark(state);
  window.addEventListener("pagehide", () => {
    // Nothing was missed until now, however long ago the last change was.
    const [id] = (localStorage.getItem(AT) ?? "").split(" ");
    if (holds && state === "live" && id) localStorage.setItem(AT, `${id} ${Date.now()}`);
  });
  // Held by one tab, and by the next when that is closed.
  const hold = async (): Promise<never> => {
    holds = true;
    for (;;) await read(take, mark);
  };
  // Pages without TLS have no locks: each tab has a stream of its own there, and none tells another.
  const locks = navigator.locks as LockManager | undefined;
  isShared = locks !== undefined;
  void (locks ? locks.request(LOCK, hold) : hold());
}

function hear(said: Said, take: (news: News) => void, mark: (state: StreamState) => void): void {
  if (!isShared) return;
  if ("asks" in said) {
    if (holds) channel.postMessage({ state, recent: lately() } satisfies Said);
    return;
  }
  if ("news" in said) take(said.news);
  if ("recent" in said) said.recent.forEach(take);
  if ("state" in said && !holds) mark(said.state);
}

function read(take: (news: News) => void, mark: (state: StreamState) => void): Promise<void> {
  return new Promise((over) => {
    const at = lastAt();
    const source = new EventSource(at ? `${STREAM}?lastEventId=${at}` : STREAM);
    const turn = (to: StreamState): void => {
      state = to;
      mark(to);
      channel.postMessage({ state: to } satisfies Said);
    };
    const pass = (event: Event, news: News): void => {
      remember(event, news);
      channel.postMessage({ news } satisfies Said);
      take(news);
    };
    source.addEventListener("changed", (event) => pass(event, JSON.parse((event as MessageEvent<string>).data) as Change));
    source.addEventListener("reset", (event) => pass(event, "reset"));
    source.addEventListener("ready", (event) => {
      remember(event);
      turn("live");
    });
    source.addEventListener("error", () => {
      turn("waiting");
      // The browser tries again by itself, but for a refusal: of a session that is over, or of one stream too many.
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      setTimeout(over, AGAIN_MILLISECONDS);
    });
  });
}

function remember(event: Event, news?: News): void {
  const id = (event as MessageEvent).lastEventId;
  if (/^\d{1,18}$/.test(id)) localStorage.setItem(AT, `${id} ${Date.now()}`);
  if (news) recent.push({ at: Date.now(), news });
  recent.splice(0, recent.length - lately().length);
}

function lastAt(): string {
  const [id, at] = (localStorage.getItem(AT) ?? "").split(" ");
  // A page opened after a long while was made after all that.
  return id && Date.now() - Number(at) < FRESH_MILLISECONDS ? id : "";
}

function lately(): News[] {
  const since = Date.now() - RECENT_MILLISECONDS;
  return recent.filter((one) => one.at >= since).map((one) => one.news);
}
