// Dialogs: `data-opens="id"` opens one, a click beside it, Escape, or `data-closes` closes it.
import { onClick } from "./page.ts";

/** Let the buttons of dialogs work. */
export function openDialogs(): void {
  onClick("[data-opens]", (button) => openDialog(button.dataset["opens"] ?? ""));
  onClick("[data-closes]", (button) => button.closest("dialog")?.close());
  let begunBeside: EventTarget | null = null;
  document.addEventListener("pointerdown", (event) => (begunBeside = isBeside(event) ? event.target : null));
  document.addEventListener("click", (event) => {
    // Both ends of the click: text that is selected past the edge closes nothing.
    if (begunBeside !== event.target || !isBeside(event)) return;
    const dialog = event.target as HTMLDialogElement;
    if (dialog.dataset["modal"] !== "firm") dialog.close();
  });
}

/** Open the dialog of this id; its first field with `autofocus` gets the focus. */
export function openDialog(id: string): void {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** Answer whether it happened on the ground behind a dialog: not on its own edge, which is the dialog too. */
function isBeside(event: MouseEvent): boolean {
  if (!(event.target instanceof HTMLDialogElement)) return false;
  const { left, right, top, bottom } = event.target.getBoundingClientRect();
  return event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
}
