// The layered graph of an incident.
export function start(place: HTMLElement): void {
  place.dataset["started"] = "true";
}
