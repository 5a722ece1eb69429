// Where texts that were not sent yet are kept in this browser: each person's apart, until they sign out.
import { meta } from "./page.ts";

const DRAFT = "faultline-draft:";

/** Return the name in the browser's storage of a person's draft. */
export function draftName(name: string): string {
  return `${DRAFT}${meta("subject")}:${name}`;
}

/** Forget every draft when somebody signs out: the next person at this browser is another one. */
export function forgetDraftsAtSignOut(): void {
  document.addEventListener("submit", (event) => {
    if (!(event.target instanceof HTMLFormElement) || event.target.getAttribute("action") !== "/sign-out") return;
    for (const name of Object.keys(localStorage)) if (name.startsWith(DRAFT)) localStorage.removeItem(name);
  });
}
