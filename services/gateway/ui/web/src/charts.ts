// Small charts over days, drawn from the table beside them: the table is the data, and what stands in for the picture.
import uPlot from "uplot";

interface Series {
  name: string;
  colour: string;
  values: (number | null)[];
}

const AXIS_SIZE = 22;
const FONT = "11px system-ui, sans-serif";
const charts = new Map<HTMLElement, uPlot>();

/** Draw the chart of `place`, and again when its table, its width or the theme changes. */
export function start(place: HTMLElement): void {
  const plot = place.querySelector<HTMLElement>(".chart-plot");
  const table = place.querySelector("table");
  if (!plot || !table) return;
  const again = (): void => draw(place, plot);
  again();
  new ResizeObserver(again).observe(plot);
  // The table's own node may be another after a morph; the place stays.
  new MutationObserver((changes) => {
    if (changes.some((one) => !plot.contains(one.target) && one.target !== plot)) again();
  }).observe(place, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-value"] });
  document.addEventListener("themechange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

function draw(place: HTMLElement, plot: HTMLElement): void {
  const { days, series } = readTable(place);
  charts.get(place)?.destroy();
  plot.replaceChildren();
  if (plot.clientWidth === 0 || days.length === 0) return;
  const said = document.createElement("span");
  said.className = "chart-said";
  said.hidden = true;
  const unit = place.dataset["unit"] ?? "count";
  const chart = new uPlot(options(plot, series, unit, (index) => tell(said, days, series, unit, index)), [days, ...series.map((one) => one.values)], plot);
  plot.append(said);
  charts.set(place, chart);
}

function readTable(place: HTMLElement): { days: number[]; series: Series[] } {
  const heads = [...place.querySelectorAll<HTMLElement>("thead th[data-colour]")];
  const rows = [...place.querySelectorAll("tbody tr")];
  const days = rows.map((row) => Date.parse(`${row.querySelector("th")?.textContent ?? ""}T00:00:00Z`) / 1_000);
  const series = heads.map((head, column) => ({
    name: head.textContent ?? "",
    colour: token(head.dataset["colour"] ?? "--text"),
    values: rows.map((row) => {
      const value = row.querySelectorAll<HTMLElement>("td")[column]?.dataset["value"] ?? "";
      return value === "" ? null : Number(value);
    }),
  }));
  return { days, series };
}

function options(plot: HTMLElement, series: Series[], unit: string, hovered: (index: number | null) => void): uPlot.Options {
  const axis = { stroke: token("--dim"), font: FONT, ticks: { show: false } };
  return {
    width: plot.clientWidth,
    height: plot.clientHeight,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC"),
    cursor: { y: false, points: { size: 6 }, drag: { setScale: false, x: false, y: false } },
    scales: { y: { range: (_chart, _least, most) => [0, Math.max(most, 1) * 1.1] } },
    axes: [
      { ...axis, size: AXIS_SIZE, space: 60, grid: { show: false }, values: (_chart, splits) => splits.map(dayName) },
      { ...axis, size: 38, space: 34, grid: { stroke: token("--line"), width: 1 }, incrs: unit === "seconds" ? [1, 5, 15, 30, 60, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 172_800, 604_800] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000], values: (_chart, splits) => splits.map((one) => show(one, unit)) },
    ],
    series: [{}, ...series.map((one) => ({ label: one.name, stroke: one.colour, fill: series.length === 1 ? `color-mix(in srgb, ${one.colour} 14%, transparent)` : undefined, width: 1.75, spanGaps: true, points: { show: unit === "seconds", size: 5, fill: one.colour } }))],
    hooks: { setCursor: [(chart) => hovered(chart.cursor.idx ?? null)] },
  };
}

function tell(said: HTMLElement, days: number[], series: Series[], unit: string, index: number | null): void {
  const day = index === null ? undefined : days[index];
  said.hidden = day === undefined;
  if (day === undefined || index === null) return;
  const values = series.map((one) => `${series.length > 1 ? `${one.name.toLowerCase()} ` : ""}${show(one.values[index] ?? null, unit)}`);
  said.textContent = `${dayName(day)}: ${values.join(", ")}`;
}

function dayName(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

/** Return a value of the chart in words: "12", or of seconds "5m", "2h", "3d". */
export function show(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit !== "seconds") return String(Math.round(value * 10) / 10);
  for (const [size, name] of [[86_400, "d"], [3_600, "h"], [60, "m"]] as const) {
    if (value >= size) return `${Math.round((value / size) * 10) / 10}${name}`;
  }
  return `${Math.round(value)}s`;
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
