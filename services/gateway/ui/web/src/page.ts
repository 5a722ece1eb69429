// What the server told this page about itself, in its <meta> elements.

/** Return the content of `<meta name="...">`; empty where the page has none. */
export function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
}

/** Have `handler` called for clicks, now and later, on what matches `selector`. */
export function onClick(selector: string, handler: (found: HTMLElement, event: MouseEvent) => void): void {
  document.addEventListener("click", (event) => {
    const found = event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
    if (found) handler(found, event);
  });
}

/** Return an element with this class and text: text only, whatever it holds. */
export function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Run `start` on each element that matches, now and whenever the page is given new ones; once an element. */
export function eachNew(selector: string, start: (found: HTMLElement) => void): void {
  const seen = new WeakSet<HTMLElement>();
  const look = (): void => {
    for (const found of document.querySelectorAll<HTMLElement>(selector)) {
      if (seen.has(found)) continue;
      seen.add(found);
      start(found);
    }
  };
  look();
  document.addEventListener("htmx:load", look);
  document.addEventListener("htmx:afterSettle", look);
}
