// Snippets name this gateway as the browser reached it: behind a proxy the gateway itself knows another address.

/** Put the page's own address in place of the one the server put into `[data-own-address]`. */
export function keepOwnAddress(): void {
  const look = (): void => {
    for (const place of document.querySelectorAll<HTMLElement>("[data-own-address] pre")) {
      const text = place.textContent ?? "";
      const own = text.replace(/https?:\/\/[^/\s]+(?=\/api\/)/g, location.origin);
      if (own !== text) place.textContent = own;
    }
  };
  look();
  document.addEventListener("htmx:afterSettle", look);
}
