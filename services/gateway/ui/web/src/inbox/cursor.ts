// The row a person is at: moved by keys, kept by the number of its incident whatever happens to the list.
let at = "";

/** Return the row the cursor is at; null where there is none. */
export function cursor(): HTMLTableRowElement | null {
  const row = at ? document.getElementById(at) : null;
  return row instanceof HTMLTableRowElement ? row : null;
}

/** Let the cursor follow the focus, and let Enter open a row that has it. */
export function keepCursor(place: HTMLElement): void {
  place.addEventListener("focusin", (event) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("#rows > tr") : null;
    if (row) at = row.id;
  });
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLTableRowElement)) return;
    event.preventDefault();
    openCursor();
  });
}

/** Move the cursor down or up; the first key puts it on the first row. */
export function moveCursor(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("#rows > tr")];
  const now = rows.findIndex((row) => row.id === at);
  const next = rows[now < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, now + step))];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** Have the cursor nowhere. */
export function dropCursor(): void {
  const row = cursor();
  at = "";
  if (row?.contains(document.activeElement)) (document.activeElement as HTMLElement).blur();
}

/** Open the incident the cursor is at. */
export function openCursor(): void {
  cursor()?.querySelector<HTMLAnchorElement>("th a")?.click();
}
