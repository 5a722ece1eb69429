// What the check of a rule said is true of what was checked: it goes once something else is typed there.

/** Take the word of a check away when a field of its rule changes. */
export function forgetWhatWasChecked(): void {
  document.addEventListener("input", (event) => {
    const rule = event.target instanceof Element ? event.target.closest(".rule-forms > li") : null;
    rule?.querySelector("[data-of-typed]")?.replaceChildren();
  });
}
