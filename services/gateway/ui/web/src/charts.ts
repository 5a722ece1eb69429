// Small charts over time.
export function start(place: HTMLElement): void {
  place.dataset["started"] = "true";
}
