// How a part that is fetched anew replaces the old one: what a person opened, typed or chose there stays.
import { Idiomorph } from "idiomorph/htmx";

/** Set how every morph of the page goes. */
export function keepWhatIsTyped(): void {
  // Of a field alone, as it is when a morph begins: what stands on a button that was pressed is the server's to say.
  Object.defineProperty(Idiomorph.defaults, "ignoreActiveValue", { enumerable: true, get: isAtField });
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (old: Node, fresh: Node) => {
    if (!(old instanceof HTMLElement) || !(fresh instanceof HTMLElement)) return true;
    if (old.dataset["stays"] !== undefined) return false;
    // What was refused is told until the form is sent again.
    if (old.matches(".problem-place") && old.hasChildNodes()) return false;
    if (isKeptAsItIs(old, fresh)) return false;
    if (isChoice(old) && isChoice(fresh) && isTouched(old)) renewOptions(old, fresh);
    if (isField(old) && isField(fresh)) return isHidden(old) ? !isBegun(old) : !isTouched(old);
    return true;
  };
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node: Node) => !(node instanceof HTMLElement && node.matches(".field-problem"));
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name: string, node: Element) => {
    // Whether these are open is the viewer's, not the server's.
    if (name === "open" && (node instanceof HTMLDialogElement || node instanceof HTMLDetailsElement)) return false;
    return !(name === "data-started" || name === "data-ready" || name === "data-typing");
  };
}

function isAtField(): boolean {
  return document.activeElement instanceof HTMLElement && isField(document.activeElement);
}

/** Answer whether a label holds a field that somebody is at, or typed into, and that would become one of another kind. */
function isKeptAsItIs(label: HTMLElement, fresh: HTMLElement): boolean {
  if (!(label instanceof HTMLLabelElement)) return false;
  const [field, other] = [fieldIn(label), fieldIn(fresh)];
  if (!field || !other || field.tagName === other.tagName) return false;
  return field === document.activeElement || (isTouched(field) && field.value !== other.value);
}

function fieldIn(place: HTMLElement): Field | null {
  return place.querySelector<Field>("input, textarea, select");
}

function isChoice(node: HTMLElement): node is HTMLSelectElement {
  return node instanceof HTMLSelectElement && !node.multiple;
}

/** Offer what there is to choose now. What is chosen stays chosen, and where it is no longer offered, it is still there. */
function renewOptions(choice: HTMLSelectElement, fresh: HTMLSelectElement): void {
  const said = (one: HTMLSelectElement): string => JSON.stringify([...one.options].map((option) => [option.value, option.text]));
  const chosen = choice.selectedOptions[0];
  if (!chosen || said(choice) === said(fresh)) return;
  const value = chosen.value;
  choice.replaceChildren(...[...fresh.children].map((one) => one.cloneNode(true)));
  if (![...choice.options].some((option) => option.value === value)) choice.append(chosen);
  choice.value = value;
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function isField(node: HTMLElement): node is Field {
  return node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement;
}

function isHidden(field: Field): boolean {
  return field instanceof HTMLInputElement && field.type === "hidden";
}

// Looked at once a morph: a form of many rules has thousands of fields, and each hidden one asks.
const begun = new WeakMap<HTMLFormElement, boolean>();

/** Answer whether the person is at its form: then it stays based on the version they saw, and the same request. */
function isBegun(field: Field): boolean {
  if (field.name === "requestKey") return true;
  const form = field.form;
  if (!form) return false;
  const known = begun.get(form) ?? [...form.elements].some((one) => one instanceof HTMLElement && isField(one) && isTouched(one));
  begun.set(form, known);
  queueMicrotask(() => begun.delete(form));
  return known;
}

function isTouched(field: Field): boolean {
  if (field instanceof HTMLSelectElement) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  if (field instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
  if (field instanceof HTMLInputElement && field.type === "hidden") return false;
  return field.value !== field.defaultValue;
}
