// Who is about to leave what they changed and did not send is asked first: in forms with `data-warns`.

const FORM = "form[data-warns]";

interface Answered extends Event {
  detail: { xhr: XMLHttpRequest; requestConfig: { elt: HTMLElement; path: string } };
}

/** Have the browser ask before it leaves such a form that was changed, until it was sent and taken. */
export function warnOfLoss(): void {
  let isChanged = false;
  document.addEventListener("input", (event) => {
    if (event.target instanceof Element && event.target.closest(FORM)) isChanged = true;
  });
  // Before the answer leads elsewhere.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, requestConfig } = (event as Answered).detail;
    const form = requestConfig.elt.closest<HTMLFormElement>(FORM);
    if (!form || xhr.status >= 400) return;
    if (requestConfig.path === form.getAttribute("action")) isChanged = false;
    // A button that rearranges the form changes it, too.
    else if (requestConfig.elt.getAttribute("name") === "do") isChanged = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isChanged && document.querySelector(FORM)) event.preventDefault();
  });
}
