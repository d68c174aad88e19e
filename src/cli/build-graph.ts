import type { BuildEvent, StepInfo } from "#engine";
import { showControls } from "#kit";

// `vial build --graph`: the steps as a picture. Stages are columns in the order of their first step, steps stand below
// each other in the order of their numbers, and an arrow goes from each step to those that stand on it.

export interface GraphStep {
  readonly step: StepInfo;
  readonly end: "cached" | "done" | "failed" | "stopped";
  /** Milliseconds that it took; of a cached one, those that were saved. */
  readonly took: number;
}

/** Remembers what becomes of the steps. */
export class GraphRecorder {
  readonly #steps = new Map<number, GraphStep>();

  report(event: BuildEvent): void {
    if (event.kind === "warning" || event.kind === "output") return;
    const { step } = event;
    if (event.kind === "begun") this.#steps.set(step.number, { step, end: "stopped", took: 0 });
    else if (event.kind === "cached")
      this.#steps.set(step.number, { step, end: "cached", took: event.saved });
    else this.#steps.set(step.number, { step, end: event.kind, took: event.took });
  }

  get steps(): readonly GraphStep[] {
    return [...this.#steps.values()].toSorted((a, b) => a.step.number - b.step.number);
  }
}

const colours = {
  cached: { fill: "#dbe9ff", line: "#2f6fd0" },
  done: { fill: "#dcf5e0", line: "#2b8a3e" },
  failed: { fill: "#ffe0e0", line: "#c92a2a" },
  stopped: { fill: "#eeeeee", line: "#868e96" },
} as const satisfies Record<GraphStep["end"], object>;

const size = { width: 300, height: 52, right: 60, below: 26, edge: 24, head: 44 } as const;

interface Placed extends GraphStep {
  readonly x: number;
  readonly y: number;
}

/** The picture as SVG: the same steps give the same text. */
export function printSvg(steps: readonly GraphStep[]): string {
  const columns = columnsOf(steps);
  const placed = new Map<number, Placed>();
  for (const [column, { steps: own }] of columns.entries())
    for (const [row, one] of own.entries())
      placed.set(one.step.number, {
        ...one,
        x: size.edge + column * (size.width + size.right),
        y: size.head + row * (size.height + size.below),
      });
  const all = [...placed.values()];
  // An arrow may go around the last column.
  const width = Math.max(size.width, ...all.map(({ x }) => x + size.width)) + size.edge + size.right / 2;
  const height = Math.max(size.head, ...all.map(({ y }) => y + size.height)) + size.head;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<defs><marker id="a" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0 0L9 4L0 8z" fill="#555"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...columns.map(
      ({ name }, column) =>
        `<text x="${size.edge + column * (size.width + size.right)}" y="${size.head - 16}" font-weight="bold" fill="#333">${escapeXml(cut(name, 40))}</text>`,
    ),
    ...all.flatMap((to) =>
      needsOf(to.step).flatMap((number) => {
        const from = placed.get(number);
        return from === undefined ? [] : [arrow(from, to)];
      }),
    ),
    ...all.map(node),
    ...legend(height),
    "</svg>",
    "",
  ].join("\n");
}

function node({ step, end, took, x, y }: Placed): string {
  const { fill, line } = colours[end];
  return [
    `<g><title>${escapeXml(step.title)}</title>`,
    `<rect x="${x}" y="${y}" width="${size.width}" height="${size.height}" rx="6" fill="${fill}" stroke="${line}"/>`,
    `<text x="${x + 10}" y="${y + 21}" fill="#111">${escapeXml(cut(`#${step.number} ${titleOf(step)}`, 42))}</text>`,
    `<text x="${x + 10}" y="${y + 40}" fill="${line}">${escapeXml(outcome(end, took))}</text></g>`,
  ].join("");
}

/** Straight down to the next in a column; else a curve, which goes around what stands between. */
function arrow(from: Placed, to: Placed): string {
  const style = 'fill="none" stroke="#555" marker-end="url(#a)"';
  const middle = size.width / 2;
  const next = to.y - from.y === size.height + size.below;
  if (from.x === to.x && next) {
    const x = from.x + middle;
    return `<path d="M${x} ${from.y + size.height}L${x} ${to.y}" ${style}/>`;
  }
  const [start, end] = [from.y + size.height / 2, to.y + size.height / 2];
  if (from.x === to.x) {
    const side = from.x + size.width;
    return `<path d="M${side} ${start}C${side + 40} ${start} ${side + 40} ${end} ${side} ${end}" ${style}/>`;
  }
  const forward = to.x > from.x;
  const startX = forward ? from.x + size.width : from.x;
  const endX = forward ? to.x : to.x + size.width;
  const bend = (forward ? 1 : -1) * (size.right / 2);
  if (Math.abs(to.x - from.x) > size.width + size.right) {
    // Over several columns through the free band below the target's row, so that no step covers it.
    const band = to.y + size.height + size.below / 2;
    const [turn, back] = [startX + bend, endX - bend];
    return `<path d="M${startX} ${start}C${turn} ${start} ${startX} ${band} ${turn} ${band}L${back} ${band}C${endX} ${band} ${back} ${end} ${endX} ${end}" ${style}/>`;
  }
  return `<path d="M${startX} ${start}C${startX + bend} ${start} ${endX - bend} ${end} ${endX} ${end}" ${style}/>`;
}

function legend(height: number): readonly string[] {
  return (Object.keys(colours) as GraphStep["end"][]).map((end, index) => {
    const x = size.edge + index * 80;
    const { fill, line } = colours[end];
    return `<rect x="${x}" y="${height - 26}" width="12" height="12" fill="${fill}" stroke="${line}"/><text x="${x + 18}" y="${height - 16}" fill="#333">${end}</text>`;
  });
}

/** The picture for graphviz. */
export function printDot(steps: readonly GraphStep[]): string {
  return [
    "digraph build {",
    '  node [shape=box style="rounded,filled" fontname="sans-serif"];',
    ...columnsOf(steps).flatMap(({ name, steps: own }, index) => [
      `  subgraph cluster_${index} {`,
      `    label=${quote(name)};`,
      ...own.map(({ step, end, took }) => {
        const label = quote(`#${step.number} ${titleOf(step)}`).slice(0, -1);
        return `    s${step.number} [label=${label}\\n${outcome(end, took)}" fillcolor="${colours[end].fill}" color="${colours[end].line}"];`;
      }),
      "  }",
    ]),
    ...steps.flatMap(({ step }) => needsOf(step).map((number) => `  s${number} -> s${step.number};`)),
    "}",
    "",
  ].join("\n");
}

interface Column {
  readonly name: string;
  readonly steps: readonly GraphStep[];
}

function columnsOf(steps: readonly GraphStep[]): readonly Column[] {
  const columns = new Map<string, GraphStep[]>();
  for (const one of steps) {
    const name = stageOf(one.step);
    const column = columns.get(name);
    if (column === undefined) columns.set(name, [one]);
    else column.push(one);
  }
  return [...columns].map(([name, own]) => ({ name, steps: own }));
}

/** The stage as the step says, or as its title does: "[build 2/5] RUN make", "[base] FROM debian". */
function stageOf(step: StepInfo): string {
  const titled = /^\[(.*?)(?: ?\d+\/\d+)?\] /.exec(step.title)?.[1];
  return step.stage ?? (titled === undefined || titled === "" ? "steps" : titled);
}

function titleOf(step: StepInfo): string {
  return step.title.replace(/^\[.*?\] /, "");
}

function needsOf(step: StepInfo): readonly number[] {
  return [...new Set(step.needs)].toSorted((a, b) => a - b);
}

function outcome(end: GraphStep["end"], took: number): string {
  const time = `${(took / 1000).toFixed(1)}s`;
  switch (end) {
    case "cached":
      return `cached, ${time} saved`;
    case "done":
      return time;
    case "failed":
      return `failed after ${time}`;
    case "stopped":
      return "stopped";
    default:
      return end satisfies never;
  }
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length - 1).join("")}…` : text;
}

/** Titles are other people's words: nothing of them may become a tag (a browser runs scripts in an SVG). */
function escapeXml(text: string): string {
  return showControls(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

function quote(text: string): string {
  return `"${showControls(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
