// The session behind the page: its proof goes with every write, and when it is over, nothing typed is lost.
import htmx from "htmx.org";
import { say } from "./answers.ts";
import { openDialog } from "./dialogs.ts";
import { meta } from "./page.ts";

interface Waiting {
  form: HTMLElement;
}

let waiting: Waiting | null = null;

/** Send the session's proof with each write; where the session is over, ask to sign in and then go on. */
export function watchSession(): void {
  document.addEventListener("htmx:configRequest", (event) => {
    const detail = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
    detail.headers["X-CSRF-Token"] = meta("csrf-token");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const detail = (event as CustomEvent<{ xhr: XMLHttpRequest; shouldSwap: boolean; requestConfig: { elt: HTMLElement; verb: string } }>).detail;
    if (detail.xhr.status !== 401) return;
    detail.shouldSwap = false;
    if (detail.requestConfig.verb !== "get") waiting = { form: detail.requestConfig.elt };
    openDialog("sign-in-again");
  });
  document.getElementById("sign-in-again-form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn(event.currentTarget as HTMLFormElement);
  });
}

async function signIn(form: HTMLFormElement): Promise<void> {
  const token = new FormData(form).get("token");
  const place = form.querySelector<HTMLElement>(".problem-place");
  let answer: Response;
  try {
    answer = await fetch("/api/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });
  } catch {
    if (place) place.textContent = "The gateway does not answer. Try again.";
    return;
  }
  const body = (await answer.json()) as { csrfToken?: string; subject?: string; detail?: string };
  if (!answer.ok || !body.csrfToken) {
    if (place) place.textContent = body.detail ?? "That token is not known.";
    return;
  }
  takeOver(body.csrfToken);
  form.reset();
  form.closest("dialog")?.close();
  goOn(body.subject ?? "");
}

function takeOver(csrfToken: string): void {
  const here = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  if (here) here.content = csrfToken;
  document.querySelectorAll<HTMLInputElement>('input[name="csrfToken"]').forEach((field) => (field.value = csrfToken));
  document.dispatchEvent(new Event("signedin"));
}

/** Send what was waiting, unless somebody else signed in: nobody writes in another's name without seeing it. */
function goOn(subject: string): void {
  const form = waiting?.form;
  waiting = null;
  if (meta("subject") !== subject) {
    location.reload();
    return;
  }
  say("Signed in again.");
  if (form) htmx.trigger(form, form instanceof HTMLFormElement ? "submit" : "click", {});
}
