// `<details class="menu">`: closes when something beside it is clicked, when the focus leaves it, and with Escape.

/** Close menus that nobody is at. */
export function closeMenus(): void {
  const open = (): NodeListOf<HTMLDetailsElement> => document.querySelectorAll<HTMLDetailsElement>("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) {
      const isInside = event.target instanceof Node && menu.contains(event.target);
      const isChoice = event.target instanceof Element && event.target.closest(".menu-item") !== null;
      if (!isInside || isChoice) menu.open = false;
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of open()) if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
