// `data-my-zone`: a field for a time zone that begins with the viewer's own.
import { eachNew } from "./page.ts";

/** Put the viewer's time zone into fields that still have the one the server could only guess. */
export function offerMyZone(): void {
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  eachNew("input[data-my-zone]", (field) => {
    if (mine && field instanceof HTMLInputElement && field.value === "UTC") field.value = mine;
  });
}
