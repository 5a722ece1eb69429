// The session behind the page: its proof goes with every write, and when it is over, nothing typed is lost.
import htmx from "htmx.org";
import { say } from "./answers.ts";
import { openDialog } from "./dialogs.ts";
import { meta } from "./page.ts";

interface Answered extends Event {
  detail: { xhr: XMLHttpRequest; shouldSwap: boolean; isError: boolean; requestConfig: { elt: HTMLElement; verb: string; triggeringEvent?: Event } };
}

const DIALOG = "sign-in-again";
// What was sent in vain, in the order it was, each with the button that sent it: a button may say what is meant.
const waiting = new Map<HTMLElement, HTMLElement | null>();
// Sent anew once with a new proof: a second refusal is the answer.
const renewed = new WeakSet<HTMLElement>();
let isDismissed = false;
let isSignedIn = false;

/** Send the session's proof with each write; where the session is over, ask to sign in and then go on. */
export function watchSession(): void {
  document.addEventListener("htmx:configRequest", (event) => {
    const detail = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
    detail.headers["X-CSRF-Token"] = meta("csrf-token");
  });
  document.addEventListener("htmx:beforeSwap", (event) => hear(event as Answered));
  document.getElementById(DIALOG)?.addEventListener("close", () => {
    // Closed without signing in: what waited is not sent later, behind the person's back.
    if (!isSignedIn) waiting.clear();
    isDismissed = !isSignedIn;
    isSignedIn = false;
  });
  document.getElementById(`${DIALOG}-form`)?.addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn(event.currentTarget as HTMLFormElement);
  });
}

function hear(event: Answered): void {
  const { xhr, requestConfig } = event.detail;
  const isWrite = requestConfig.verb !== "get";
  const isStale = xhr.status === 403 && isWrite && xhr.responseText.includes("csrf_failed");
  const mayRenew = isStale && !renewed.has(requestConfig.elt);
  // One that was answered may be renewed again, when the session is another once more.
  if (isWrite && !isStale) renewed.delete(requestConfig.elt);
  if (xhr.status !== 401 && !mayRenew) return;
  event.detail.shouldSwap = false;
  event.detail.isError = false;
  if (isWrite) waiting.set(requestConfig.elt, (requestConfig.triggeringEvent as SubmitEvent | undefined)?.submitter ?? null);
  if (mayRenew) {
    event.stopImmediatePropagation();
    renewed.add(requestConfig.elt);
    void renew();
    return;
  }
  // A part that only wants to be fetched anew asks once; what the person does asks each time.
  if (!isWrite && isDismissed) return;
  openDialog(DIALOG);
}

async function signIn(form: HTMLFormElement): Promise<void> {
  const token = String(new FormData(form).get("token") ?? "").trim();
  const place = form.querySelector<HTMLElement>(".problem-place");
  place?.replaceChildren();
  const answer = await begin(token);
  if (!answer?.csrfToken) {
    const text = answer?.detail ?? (answer ? "That token is not known." : "The gateway does not answer. Try again.");
    const problem = document.createElement("p");
    problem.className = "problem";
    problem.textContent = text;
    place?.replaceChildren(problem);
    return;
  }
  const sent = new Map(waiting);
  waiting.clear();
  form.reset();
  // The dialog tells that it closed later than this goes on.
  isSignedIn = true;
  form.closest("dialog")?.close();
  takeOver(answer.csrfToken);
  say("Signed in again.");
  goOn(answer.subject ?? "", sent);
}

async function begin(token: string): Promise<{ csrfToken?: string; subject?: string; detail?: string } | null> {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("/api/session", { method: "POST", headers, body: JSON.stringify({ token }) });
    return (await answer.json()) as { csrfToken?: string; subject?: string; detail?: string };
  } catch {
    return null;
  }
}

/** Take over the session that was begun in another tab since this page was made. */
async function renew(): Promise<void> {
  const answer = await fetch("/api/me").catch(() => null);
  const me = answer?.ok ? ((await answer.json()) as { id: string; csrfToken: string | null }) : null;
  if (!me?.csrfToken) {
    openDialog(DIALOG);
    return;
  }
  const sent = new Map(waiting);
  waiting.clear();
  takeOver(me.csrfToken);
  goOn(me.id, sent);
}

function takeOver(csrfToken: string): void {
  const here = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  if (here) here.content = csrfToken;
  document.querySelectorAll<HTMLInputElement>('input[name="csrfToken"]').forEach((field) => (field.value = csrfToken));
}

/** Send what was waiting, unless somebody else signed in: nobody writes in another's name without seeing it. */
function goOn(subject: string, sent: ReadonlyMap<HTMLElement, HTMLElement | null>): void {
  if (meta("subject") !== subject) {
    const name = subject.replace(/^token:/, "");
    say(`You are signed in as ${name}, and somebody else typed this. Nothing was sent: send it yourself, or leave it.`, true);
    document.querySelector<HTMLMetaElement>('meta[name="subject"]')?.setAttribute("content", subject);
    document.querySelectorAll("[data-my-name]").forEach((place) => (place.textContent = name));
    return;
  }
  document.dispatchEvent(new Event("signedin"));
  for (const [element, button] of sent) sendAgain(element, button);
}

/** Send it as it was sent: by its button, whose menu may be closed and whose focus is gone by now. */
function sendAgain(element: HTMLElement, button: HTMLElement | null): void {
  if (button?.isConnected) button.click();
  else if (button) say("The page changed meanwhile, and a button you used is gone. Nothing was sent: look, and do it again.", true);
  else htmx.trigger(element, element instanceof HTMLFormElement ? "submit" : "click", {});
}
