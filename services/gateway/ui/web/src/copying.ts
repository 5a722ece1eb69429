// `data-copies="id"`: a button that copies the text of another element.
import { say } from "./answers.ts";
import { onClick } from "./page.ts";

/** Let copy buttons work; where the browser forbids it, the text is selected instead. */
export function copyButtons(): void {
  onClick("[data-copies]", (button) => {
    const source = document.getElementById(button.dataset["copies"] ?? "");
    if (source) void copy(source);
  });
}

async function copy(source: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    say("Copied.");
  } catch {
    getSelection()?.selectAllChildren(source);
    say("Press Ctrl+C to copy what is selected.");
  }
}
