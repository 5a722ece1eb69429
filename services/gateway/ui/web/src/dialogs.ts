// Dialogs: `data-opens="id"` opens one, a click beside it, Escape, or `data-closes` closes it.
import { onClick } from "./page.ts";

/** Let the buttons of dialogs work. */
export function openDialogs(): void {
  onClick("[data-opens]", (button) => openDialog(button.dataset["opens"] ?? ""));
  onClick("[data-closes]", (button) => button.closest("dialog")?.close());
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.dataset["modal"] !== "firm") event.target.close();
  });
}

/** Open the dialog of this id; its first field with `autofocus` gets the focus. */
export function openDialog(id: string): void {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}
