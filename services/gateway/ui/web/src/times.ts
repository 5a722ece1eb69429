// Times: relative in the text, exact in the viewer's zone on hover, kept true while the page is open.

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
const EVERY_MILLISECONDS = 20_000;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

/** Keep every `<time datetime>` of the page true, also those that come later. */
export function keepTimes(): void {
  const tell = (): void => document.querySelectorAll<HTMLTimeElement>("time[datetime]").forEach(tellTime);
  tell();
  setInterval(tell, EVERY_MILLISECONDS);
  document.addEventListener("htmx:load", tell);
  document.addEventListener("htmx:afterSettle", tell);
}

/** Return how far `then` is from `now` in words: "now", "5m ago", "in 2h". Both in milliseconds. */
export function ago(then: number, now: number): string {
  const seconds = Math.round((then - now) / 1_000);
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  if (!unit) return Math.abs(seconds) < 10 ? "now" : relative.format(seconds, "second");
  return relative.format(Math.trunc(seconds / unit[1]), unit[0]);
}

function tellTime(time: HTMLTimeElement): void {
  const then = Date.parse(time.dateTime);
  if (Number.isNaN(then)) return;
  if (time.dataset["show"] === "exact") {
    time.textContent = exact.format(then);
    return;
  }
  time.title = exact.format(then);
  const text = ago(then, Date.now());
  if (time.textContent !== text) time.textContent = text;
}
