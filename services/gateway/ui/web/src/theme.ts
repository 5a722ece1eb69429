// Light, dark, or as the system says. Kept in a cookie, so that the server's first byte has the right one.
import { onClick } from "./page.ts";

const YEAR_SECONDS = 31_536_000;

/** Let the theme's buttons work. */
export function themeSwitch(): void {
  onClick("[data-theme-choice]", (button) => {
    const choice = button.dataset["themeChoice"] ?? "system";
    document.documentElement.dataset["theme"] = choice;
    document.cookie = `faultline_theme=${choice}; path=/; max-age=${YEAR_SECONDS}; samesite=strict`;
    document.querySelectorAll<HTMLElement>("[data-theme-choice]").forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
    document.dispatchEvent(new Event("themechange"));
  });
}
