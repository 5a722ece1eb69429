// A refused form says what is wrong at the field it is about, for eyes and for screen readers.
import { element } from "./page.ts";

let count = 0;

/** Put each line of the problem that names a field of the form beside that field. */
export function tellFields(form: Element): void {
  clearFields(form);
  for (const line of form.querySelectorAll<HTMLElement>(".problem-place [data-field]")) {
    // "services.0" is about one of the values of a field.
    const [name = ""] = (line.dataset["field"] ?? "").split(".");
    const field = form.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]:not([type="hidden"])`);
    if (!field) continue;
    const text = line.textContent?.replace(line.dataset["field"] ?? "", "").trim() ?? "";
    const told = element("span", "field-problem", text);
    told.id = `field-problem-${++count}`;
    field.after(told);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", told.id);
  }
  form.querySelector<HTMLElement>("[aria-invalid]")?.focus();
}

/** Take away what was told before. */
export function clearFields(form: Element): void {
  form.querySelectorAll(".field-problem").forEach((told) => told.remove());
  form.querySelectorAll("[aria-invalid]").forEach((field) => {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  });
}
