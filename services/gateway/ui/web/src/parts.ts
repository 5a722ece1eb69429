// Heavy parts of a page are fetched when it has them: `data-module="graph"` loads that script from the manifest.
import { eachNew, meta } from "./page.ts";

interface Part {
  start(place: HTMLElement): void;
}

/** Load what the page's `data-module` elements need, each once, as they come into view or are opened. */
export function loadParts(): void {
  eachNew("[data-module]", (place) => {
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      void load(place);
    });
    watcher.observe(place);
  });
}

async function load(place: HTMLElement): Promise<void> {
  const address = meta(`module-${place.dataset["module"] ?? ""}`);
  if (!address) return;
  const part = (await import(address)) as Part;
  part.start(place);
  place.dataset["ready"] = "true";
}
