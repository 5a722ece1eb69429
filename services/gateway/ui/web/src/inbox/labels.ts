// The labels of a row on its one line: how many have no room there, and all of them when a person asks for them.
import htmx from "htmx.org";
import { cursor, dropCursor } from "./cursor.ts";

const LEAVE_MILLISECONDS = 250;
const EDGE_PIXELS = 8;
// Those beyond are not laid out, whatever room there is; as many as in inbox.css.
const MOST = 16;
let shownBy: HTMLElement | null = null;
let isGivingBack = false;
let leaving: ReturnType<typeof setTimeout> | undefined;

/** Keep the counts true as the list changes its width, show all labels of a row, and let each filter the inbox. */
export function keepLabels(place: HTMLElement): void {
  const panel = document.getElementById("row-labels");
  if (!panel) return;
  new ResizeObserver(fitLabels).observe(place);
  place.addEventListener("click", (event) => follow(event, panel));
  place.addEventListener("pointerover", (event) => {
    const button = moreButton(event.target);
    if (button && event.pointerType === "mouse") show(button, panel);
    if (isOfShown(event.target, panel)) clearTimeout(leaving);
  });
  place.addEventListener("pointerout", (event) => {
    if (isOfShown(event.target, panel) && !isOfShown(event.relatedTarget, panel)) leave(panel);
  });
  place.addEventListener("focusin", (event) => {
    if (isGivingBack) return;
    const button = moreButton(event.target);
    if (button?.matches(":focus-visible")) show(button, panel);
    else if (!isOfShown(event.target, panel)) hide(panel);
  });
  // Before the keys of the page: the same key also ends the selection there.
  document.addEventListener("keydown", (event) => dismiss(event, panel), { capture: true });
  window.addEventListener("scroll", () => position(panel), { passive: true });
}

/** Count what has no room on its line. What is cut is neither seen nor reached by Tab; the button beside it shows it. */
export function fitLabels(): void {
  const lines = [...document.querySelectorAll<HTMLElement>("#rows .labels-line")];
  // All is measured before anything is written: one layout, however many rows there are.
  const measured = lines.map((line) => {
    const items = [...line.children] as HTMLElement[];
    const top = items[0]?.offsetTop ?? 0;
    return { items, button: line.nextElementSibling as HTMLElement | null, fitting: items.slice(0, MOST).filter((item) => item.offsetTop === top).length };
  });
  for (const { items, button, fitting } of measured) {
    items.forEach((item, index) => item.toggleAttribute("data-cut", index >= fitting));
    const rest = String(items.length - fitting);
    const told = button?.querySelector("span");
    if (!button || !told || (button.dataset["rest"] === rest && told.textContent === `+${rest}`)) continue;
    button.dataset["rest"] = rest;
    told.textContent = `+${rest}`;
  }
  const panel = document.getElementById("row-labels");
  if (panel && shownBy && !shownBy.isConnected) hide(panel);
}

function moreButton(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>(".labels-more") : null;
}

function isOfShown(target: EventTarget | null, panel: HTMLElement): boolean {
  return target instanceof Node && (panel.contains(target) || (shownBy?.contains(target) ?? false));
}

function show(button: HTMLElement, panel: HTMLElement): void {
  clearTimeout(leaving);
  if (shownBy === button && panel.matches(":popover-open")) return;
  hide(panel);
  fill(button, panel);
  // With its source, Tab leads from the button into what it shows, and on from there.
  (panel.showPopover as (options?: { source: HTMLElement }) => void).call(panel, { source: button });
  position(panel);
}

function fill(button: HTMLElement, panel: HTMLElement): void {
  const list = document.createElement("ul");
  list.className = "chips";
  for (const item of button.previousElementSibling?.children ?? []) {
    const copy = item.cloneNode(true) as HTMLElement;
    copy.removeAttribute("data-cut");
    list.append(copy);
  }
  panel.setAttribute("aria-label", `All labels of ${button.dataset["of"] ?? "this incident"}`);
  panel.replaceChildren(list);
  shownBy = button;
}

/** Lay it below its button, or above where there is no room below, and never past an edge of the window. */
function position(panel: HTMLElement): void {
  if (!shownBy || !panel.matches(":popover-open")) return;
  const at = shownBy.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const isBelow = at.bottom + height + EDGE_PIXELS < innerHeight || at.top < height + EDGE_PIXELS;
  panel.style.top = `${isBelow ? at.bottom + 2 : at.top - height - 2}px`;
  panel.style.left = `${Math.max(EDGE_PIXELS, at.right - width)}px`;
}

function hide(panel: HTMLElement): void {
  clearTimeout(leaving);
  shownBy = null;
  if (!panel.matches(":popover-open")) return;
  // The focus that was in it goes back to the button, which shows nothing for that.
  isGivingBack = true;
  panel.hidePopover();
  isGivingBack = false;
}

/** The pointer is elsewhere: so is the person, unless the focus is there. */
function leave(panel: HTMLElement): void {
  clearTimeout(leaving);
  leaving = setTimeout(() => {
    if (!isOfShown(document.activeElement, panel)) hide(panel);
  }, LEAVE_MILLISECONDS);
}

function dismiss(event: KeyboardEvent, panel: HTMLElement): void {
  if (event.key !== "Escape" || !panel.matches(":popover-open")) return;
  event.preventDefault();
  event.stopPropagation();
  const button = shownBy;
  hide(panel);
  // Hiding gives the focus back to where it was before the button had it, which may be nowhere.
  if (button?.isConnected && document.activeElement === document.body) giveBack(button);
}

function giveBack(button: HTMLElement): void {
  isGivingBack = true;
  button.focus({ preventScroll: true });
  isGivingBack = false;
}

function follow(event: MouseEvent, panel: HTMLElement): void {
  const button = moreButton(event.target);
  if (button) {
    show(button, panel);
    // Pressed by a key: where Tab would not lead into it, this does.
    if (event.detail === 0) panel.querySelector<HTMLElement>("a")?.focus();
  }
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(".labels-line a, #row-labels a") : null;
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  void narrow(link, event.detail === 0, panel);
}

/** Lead to the incidents with this label, as the links of the filters do; by key, on the row that one was at. */
async function narrow(link: HTMLAnchorElement, isByKey: boolean, panel: HTMLElement): Promise<void> {
  hide(panel);
  if (!isByKey) dropCursor();
  await htmx.ajax("get", link.getAttribute("href") ?? "", { source: "#views", target: "#inbox", swap: "morph:outerHTML show:none" });
  if (isByKey) cursor()?.focus({ preventScroll: true });
}
