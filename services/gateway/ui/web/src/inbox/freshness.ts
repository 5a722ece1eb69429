// A list that is true and stands still: rows change where they are, and what would move them waits for a word.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/htmx";
import { type Change, isStale } from "../live.ts";
import { cursor } from "./cursor.ts";
import { fitLabels } from "./labels.ts";
import { compare } from "./standing.ts";

// So near the top that nobody has scrolled to look for something.
const AT_TOP_PIXELS = 120;
// A row that has the focus changes as the others do: nothing is typed in it.
const EXCHANGE = { morphStyle: "outerHTML", ignoreActiveValue: false } as const;
const changed = new Set<string>();
let waiting: HTMLElement | null = null;
let isAsked = false;

interface BeforeSwap extends Event {
  detail: { xhr: XMLHttpRequest; shouldSwap: boolean; requestConfig: { elt: HTMLElement } };
}

/** Take each answer to a change of the list before it is put in place of the old one. */
export function keepFresh(place: HTMLElement): void {
  document.addEventListener("livechange", (event) => {
    const news = (event as CustomEvent<Change | "reset">).detail;
    if (news !== "reset") changed.add(news.incidentId);
  });
  place.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = (event as BeforeSwap).detail;
    if (event.target instanceof HTMLElement && event.target.id === "inbox" && xhr.status === 200) leave();
    if (requestConfig.elt.id !== "list" || xhr.status !== 200) return;
    (event as BeforeSwap).detail.shouldSwap = false;
    if (isStale(event)) return;
    const list = new DOMParser().parseFromString(xhr.responseText, "text/html").getElementById("list");
    if (list) take(list);
  });
  place.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("#fresh")) showAll();
  });
}

/** Answer whether no incident is selected. */
export function isBare(): boolean {
  return !document.querySelector("#rows .row-check:checked");
}

/** Show what waits to be shown, in its order. */
export function showAll(): void {
  const fresh = waiting;
  forget();
  if (fresh) replace(fresh);
}

/** Fetch the list and show it as it is, wherever the person is: it is what they did themselves. */
export function showAnew(): void {
  isAsked = true;
  document.dispatchEvent(new CustomEvent("refresh", { detail: { parts: ["inbox"] } }));
}

function take(fresh: HTMLElement): void {
  const rows = document.getElementById("rows");
  const freshRows = fresh.querySelector<HTMLElement>("#rows");
  if (!rows || !freshRows || isAsked || mayMove(rows)) {
    isAsked = false;
    forget();
    replace(fresh);
    return;
  }
  const total = fresh.querySelector("#list-title")?.textContent;
  const shownTotal = document.getElementById("list-title");
  if (total && shownTotal && shownTotal.textContent !== total) shownTotal.textContent = total;
  const news = compare(idsOf(rows), idsOf(freshRows), touched(rows));
  for (const id of news.kept) morphRow(id, fresh);
  fitLabels();
  for (const id of news.left) document.getElementById(id)?.setAttribute("data-left", "true");
  changed.clear();
  waiting = news.text ? fresh : null;
  tell(news.text);
}

/** Answer whether rows may move: nobody is at one, has selected one, points at one, or reads further down. */
function mayMove(rows: HTMLElement): boolean {
  const isBusy = !isBare() || cursor() !== null || rows.matches(":hover") || document.querySelector("dialog[open]") !== null;
  return !isBusy && window.scrollY < AT_TOP_PIXELS;
}

function replace(fresh: HTMLElement): void {
  const list = document.getElementById("list");
  if (!list) return;
  const held = document.activeElement;
  Idiomorph.morph(list, fresh.outerHTML, EXCHANGE);
  fitLabels();
  // A row that has moved in the document has lost the focus on the way.
  if (held instanceof HTMLElement && held.isConnected && document.activeElement !== held) held.focus({ preventScroll: true });
  htmx.process(document.getElementById("list") ?? document.body);
  document.getElementById("list")?.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
}

function morphRow(id: string, fresh: HTMLElement): void {
  const row = document.getElementById(id);
  const now = fresh.querySelector(`#${CSS.escape(id)}`);
  if (row && now && row.dataset["left"] === undefined && row.isEqualNode(now)) return;
  if (row && now) Idiomorph.morph(row, now.outerHTML, EXCHANGE);
}

function touched(rows: HTMLElement): Set<string> {
  const found = [...rows.children].filter((row) => changed.has((row as HTMLElement).dataset["incidentId"] ?? ""));
  return new Set(found.map((row) => row.id));
}

function idsOf(rows: HTMLElement): string[] {
  return [...rows.children].map((row) => row.id);
}

/** Another view comes: its rows are new, and cost less than making them out of those of the old one. */
function leave(): void {
  forget();
  document.getElementById("rows")?.replaceChildren();
}

function forget(): void {
  waiting = null;
  changed.clear();
  tell("");
}

function tell(text: string): void {
  const button = document.getElementById("fresh");
  if (!button) return;
  button.hidden = !text;
  if (button.textContent !== text) button.textContent = text;
}
