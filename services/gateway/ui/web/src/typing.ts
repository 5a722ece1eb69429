// What a page says of a field waits until somebody has done typing there: `data-typing` on the form, for styles to go by.
import htmx from "htmx.org";

/** Follow the typing in forms with `data-waits`, and have the part around the form fetched anew when it is over. */
export function followTyping(): void {
  document.addEventListener("input", (event) => formOf(event)?.setAttribute("data-typing", ""));
  // The part hears of a change itself.
  document.addEventListener("change", (event) => formOf(event)?.removeAttribute("data-typing"));
  document.addEventListener("focusout", (event) => {
    const form = formOf(event);
    if (!form?.hasAttribute("data-typing")) return;
    // Typed, and typed back: for the browser that is no change, but the part may have been made in between.
    form.removeAttribute("data-typing");
    const part = form.closest("[data-live]");
    if (part) htmx.trigger(part, "changed", {});
  });
}

function formOf(event: Event): HTMLFormElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLFormElement>("form[data-waits]") : null;
}
