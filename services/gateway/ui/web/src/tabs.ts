// Tabs that are wider than a narrow screen.

/** Bring the tab that is shown into sight. */
export function showCurrentTab(): void {
  const tabs = document.querySelector<HTMLElement>(".tabs");
  const current = tabs?.querySelector<HTMLElement>("[aria-current]");
  if (tabs && current) tabs.scrollLeft = current.offsetLeft - (tabs.clientWidth - current.clientWidth) / 2;
}
