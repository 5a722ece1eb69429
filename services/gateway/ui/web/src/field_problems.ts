// A refused form says what is wrong at the field it is about, for eyes and for screen readers.
import { element } from "./page.ts";

let count = 0;

/** Put each line of the problem that names a field of the form beside that field. */
export function tellFields(form: Element): void {
  clearFields(form);
  for (const line of form.querySelectorAll<HTMLElement>(".problem-place [data-field]")) {
    const field = fieldOf(form, line.dataset["field"] ?? "");
    if (!field) continue;
    const text = line.textContent?.replace(line.querySelector(".problem-field")?.textContent ?? "", "").trim() ?? "";
    const told = element("span", "field-problem", text);
    told.id = `field-problem-${++count}`;
    field.after(told);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", told.id);
    reveal(field);
  }
  form.querySelector<HTMLElement>("[aria-invalid]")?.focus();
}

/** Return the field of this name; "services.0" is about one of the values of `services`. */
function fieldOf(form: Element, name: string): HTMLElement | null {
  const steps = name.split(".");
  for (let count = steps.length; count > 0; count -= 1) {
    const field = form.querySelector<HTMLElement>(`[name="${CSS.escape(steps.slice(0, count).join("."))}"]:not([type="hidden"])`);
    if (field) return field;
  }
  return null;
}

/** Open what a field is folded away in. */
function reveal(field: HTMLElement): void {
  for (let fold = field.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
}

/** Take away what was told before. */
export function clearFields(form: Element): void {
  form.querySelectorAll(".field-problem").forEach((told) => told.remove());
  form.querySelectorAll("[aria-invalid]").forEach((field) => {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  });
}
