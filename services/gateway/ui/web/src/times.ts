// Times: relative in the text, exact in the viewer's zone on hover, kept true while the page is open.

const UNITS: [string, number][] = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]];
const NOW_SECONDS = 10;
const EVERY_MILLISECONDS = 20_000;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** Keep every `<time datetime>` of the page true, also those that come later. */
export function keepTimes(): void {
  const tell = (): void => document.querySelectorAll<HTMLTimeElement>("time[datetime]").forEach(tellTime);
  tell();
  setInterval(tell, EVERY_MILLISECONDS);
  document.addEventListener("htmx:load", tell);
  document.addEventListener("htmx:afterSettle", tell);
}

/** Return how far `then` is from `now` in words, as the server says it: "now", "5m ago", "in 2h". Both in milliseconds. */
export function ago(then: number, now: number): string {
  const seconds = Math.round((then - now) / 1_000);
  const size = Math.abs(seconds);
  const unit = UNITS.find(([, length]) => size >= length);
  if (!unit || size < NOW_SECONDS) return "now";
  const text = `${Math.floor(size / unit[1])}${unit[0]}`;
  return seconds > 0 ? `in ${text}` : `${text} ago`;
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
