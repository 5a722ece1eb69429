// What becomes of the answers to forms: a word of success, or the problem where the person is looking.
import { clearFields, tellFields } from "./field_problems.ts";
import { element } from "./page.ts";
import { freshKey } from "./request_key.ts";

const SHOWN_MILLISECONDS = 6_000;
const PROBLEM_MILLISECONDS = 15_000;
// When each line of the corner goes.
const ends = new WeakMap<Element, ReturnType<typeof setTimeout>>();

interface BeforeSwap extends Event {
  detail: { xhr: XMLHttpRequest; elt: HTMLElement; target: HTMLElement; shouldSwap: boolean; isError: boolean; requestConfig: { elt: HTMLElement } };
}

/** Show each refusal in the form it belongs to, and say what was done. */
export function keepAnswers(): void {
  document.addEventListener("htmx:beforeSwap", (event) => placeProblem(event as BeforeSwap));
  document.addEventListener("htmx:sendError", () => say("The gateway does not answer. What you typed is still here; try again.", true));
  document.addEventListener("htmx:timeout", () => say("The gateway took too long to answer. Try again.", true));
  document.addEventListener("htmx:beforeRequest", (event) => clearProblem(event.target, buttonOf(event as BeforeRequest)));
  document.addEventListener("done", (event) => {
    const detail = (event as CustomEvent<{ message?: string }>).detail;
    if (detail.message) say(detail.message);
    finish(event.target);
  });
  // What the answer put in place of what had the focus says where the person goes on.
  document.addEventListener("goOn", (event) => document.getElementById((event as CustomEvent<{ at: string }>).detail.at)?.focus());
}

interface BeforeRequest extends Event {
  detail: { requestConfig: { triggeringEvent?: Event } };
}

/** Return the button that sends the form, if one does. */
function buttonOf(event: BeforeRequest): HTMLElement | null {
  return (event.detail.requestConfig.triggeringEvent as SubmitEvent | undefined)?.submitter ?? null;
}

/** Say one sentence in the corner, for a while; screen readers hear it. */
export function say(message: string, isProblem = false): void {
  const corner = document.getElementById("messages");
  if (!corner) return;
  // What asks by itself fails again and again while the gateway is away: that is one thing to say, for as long as it is so.
  const said = isProblem ? [...corner.querySelectorAll(".message-problem")].find((one) => one.textContent === message) : undefined;
  const line = said ?? element("p", isProblem ? "message message-problem" : "message", message);
  if (!said) corner.append(line);
  clearTimeout(ends.get(line));
  ends.set(line, setTimeout(() => line.remove(), isProblem ? PROBLEM_MILLISECONDS : SHOWN_MILLISECONDS));
}

function placeProblem(event: BeforeSwap): void {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status < 400) clearProblem(requestConfig.elt);
  if (xhr.status < 400 || xhr.status === 401) return;
  const form = requestConfig.elt.closest("form, [data-problems]");
  const place = form?.querySelector<HTMLElement>(".problem-place");
  event.detail.isError = false;
  if (!place) {
    const text = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector(".problem")?.textContent;
    say(text?.replace(/\s+/g, " ").trim() || `The gateway answered ${xhr.status}.`, true);
    return;
  }
  // The form may ask for no swap of its own answer; a problem is shown all the same.
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const told = answer.querySelector(".problem");
  place.replaceChildren(told ?? element("p", "problem", `The gateway answered ${xhr.status}.`));
  // What a refusal knows better than the page, such as what is in force by now, stands in its place from now on.
  for (const fresh of answer.querySelectorAll<HTMLElement>("[data-renews]")) document.getElementById(fresh.id)?.replaceWith(fresh);
  // Told what changed meanwhile, the person may send it again all the same.
  const current = told instanceof HTMLElement ? told.dataset["currentVersion"] : undefined;
  const version = form?.querySelector<HTMLInputElement>('input[name="version"]');
  if (current && version) version.value = current;
  // Told that what they sent did arrive, this time or the first: sent again, this is another request.
  const key = form?.querySelector<HTMLInputElement>('input[name="requestKey"]');
  if (key && told instanceof HTMLElement && told.dataset["arrived"] !== undefined) key.value = freshKey();
  place.scrollIntoView({ block: "nearest" });
  if (form) tellFields(form);
}

/** Take the problem of the target's form away, but not from under `button`: it may have to be used once more. */
function clearProblem(target: EventTarget | null, button: HTMLElement | null = null): void {
  const form = target instanceof Element ? target.closest("form") : null;
  if (!form) return;
  const place = form.querySelector(".problem-place");
  if (!place?.contains(button)) place?.replaceChildren();
  clearFields(form);
}

function finish(target: EventTarget | null): void {
  const form = target instanceof Element ? target.closest("form") : null;
  if (!form) return;
  const key = form.querySelector<HTMLInputElement>('input[name="requestKey"]');
  form.closest("dialog")?.close();
  if (form.dataset["keep"] === undefined) form.reset();
  // What comes next is another request, not a repeat of this one.
  if (key) key.value = freshKey();
}
