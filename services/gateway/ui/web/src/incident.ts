// The page of an incident: drafts that outlive a reload, the version an edit is based on, keys.
import { draftName } from "./drafts.ts";
import { say } from "./answers.ts";
import { onKey } from "./keys.ts";


/** Let the page of one incident work. */
export function start(place: HTMLElement): void {
  keepDrafts(place);
  keepVersions(place);
  closeMenus();
  openTarget();
  addEventListener("hashchange", openTarget);
  onKey("n", () => place.querySelector<HTMLElement>("#note")?.focus());
  for (let number = 1; number <= 7; number++) onKey(String(number), () => place.querySelectorAll<HTMLElement>(".tabs a")[number - 1]?.click());
  place.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.dataset["submits"] !== undefined) event.target.form?.requestSubmit();
  });
  place.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-prints]")) print();
  });
  place.addEventListener("keydown", sendByKey);
}

/** Keep what is typed into `data-draft="name"` fields in this browser until it is sent. */
function keepDrafts(place: HTMLElement): void {
  for (const field of place.querySelectorAll<HTMLTextAreaElement>("textarea[data-draft]")) {
    const name = draftName(field.dataset["draft"] ?? "");
    const kept = localStorage.getItem(name);
    if (kept !== null && kept !== field.value) {
      field.value = kept;
      if (field.defaultValue) say("What you had typed and not saved is back.");
    }
    field.addEventListener("input", () => {
      if (field.value) localStorage.setItem(name, field.value);
      else localStorage.removeItem(name);
    });
    field.form?.addEventListener("done", () => localStorage.removeItem(name));
    // A form that leads to another page was accepted, too.
    field.form?.addEventListener("htmx:beforeOnLoad", (event) => {
      if ((event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr.status < 300) localStorage.removeItem(name);
    });
  }
}

/**
 * An edit is based on what was shown when it began: from the first key on, its form keeps that version, whatever the
 * page learns meanwhile, so that the API refuses it where somebody else was faster. Refused, it is based on what is
 * shown then.
 */
function keepVersions(place: HTMLElement): void {
  place.addEventListener("input", (event) => {
    const version = versionOf(event.target);
    if (version) version.dataset["stays"] = "";
  });
  place.addEventListener("done", (event) => release(event.target));
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, requestConfig } = (event as CustomEvent<{ xhr: XMLHttpRequest; requestConfig: { elt: Element } }>).detail;
    if (xhr.status !== 412) return;
    release(requestConfig.elt);
    document.dispatchEvent(new CustomEvent("refresh", { detail: { parts: ["incident", "tasks"] } }));
  });
}

function versionOf(target: EventTarget | null): HTMLInputElement | null | undefined {
  return target instanceof Element ? target.closest("form")?.querySelector<HTMLInputElement>('input[name="version"]') : null;
}

function release(target: EventTarget | null): void {
  const version = versionOf(target);
  if (version) delete version.dataset["stays"];
}

/** Close a menu when something in it was done, when a dialog opens from it, on Escape, and by a click beside it. */
function closeMenus(): void {
  const close = (but?: Element | null): void => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) if (menu !== but) menu.open = false;
  };
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    close(target?.closest("[data-opens]") ? null : target?.closest("details.menu"));
  });
  document.addEventListener("done", () => close());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target instanceof Element ? event.target.closest<HTMLDetailsElement>("details.menu[open]") : null;
    close();
    menu?.querySelector("summary")?.focus();
  });
}

/** Ctrl+Enter sends the form of a text that has several lines. */
function sendByKey(event: KeyboardEvent): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  if (event.target instanceof HTMLTextAreaElement) event.target.form?.requestSubmit();
}

/** Show what the address points at: the entry or task, opened. */
function openTarget(): void {
  // The browser has read the address, and of one that is broken it has found nothing.
  const target = document.querySelector(":target");
  const details = target?.querySelector("details");
  if (details && target?.closest("#tasks")) details.open = true;
}
