// Which incidents are selected: the checkboxes themselves say it, so that it holds whatever else changes.
let last = "";

const boxes = (): HTMLInputElement[] => [...document.querySelectorAll<HTMLInputElement>("#rows .row-check")];

/** Follow clicks on the checkboxes; with Shift, from the last one to here. */
export function keepSelection(place: HTMLElement): void {
  place.addEventListener("click", (event) => {
    const box = event.target;
    if (box instanceof HTMLButtonElement && box.id === "select-none") checkNone();
    if (!(box instanceof HTMLInputElement)) return;
    if (box.id === "pick-all") boxes().forEach((one) => (one.checked = box.checked));
    else if (box.matches(".row-check")) mark(box, event.shiftKey);
    tellSelection();
  });
}

/** Select a row, or no longer. */
export function pick(row: HTMLElement | null): void {
  const box = row?.querySelector<HTMLInputElement>(".row-check");
  if (!box) return;
  box.checked = !box.checked;
  mark(box, false);
  tellSelection();
}

/** Select from the row that was selected last to this one. */
export function pickTo(row: HTMLElement | null): void {
  const box = row?.querySelector<HTMLInputElement>(".row-check");
  if (!box) return;
  box.checked = true;
  mark(box, true);
  tellSelection();
}

/** Select none. */
export function checkNone(): void {
  boxes().forEach((one) => (one.checked = false));
  tellSelection();
}

/** Have the page say how many are selected. */
export function tellSelection(): void {
  const all = boxes();
  const count = all.filter((one) => one.checked).length;
  all.forEach((one) => mirror(one.closest("tr"), one.checked));
  mirror(document.getElementById("list"), count > 0);
  const told = document.getElementById("selected-count");
  if (told) told.textContent = `${count} selected`;
  const whole = document.querySelector<HTMLInputElement>("#pick-all");
  if (!whole) return;
  whole.checked = count > 0 && count === all.length;
  whole.indeterminate = count > 0 && count < all.length;
}

/** Say with an attribute what styles go by: `:has()` would have to look again at each change of the list. */
function mirror(place: HTMLElement | null, isPicked: boolean): void {
  if (place && (place.dataset["picked"] !== undefined) !== isPicked) place.toggleAttribute("data-picked", isPicked);
}

function mark(box: HTMLInputElement, isRange: boolean): void {
  const all = boxes();
  const from = all.findIndex((one) => one.id === last);
  if (isRange && from >= 0) {
    const to = all.indexOf(box);
    all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => (one.checked = box.checked));
  }
  last = box.id;
}
