import { mkdirSync, writeFileSync } from "node:fs";
import { median } from "./measure.ts";

export interface Row {
  readonly title: string;
  /** "ms", "MiB" or "requests". */
  readonly unit: string;
  readonly samples: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Sentences with the goal, what was measured, and whether it was met. */
  readonly goals: readonly { readonly text: string; readonly measured: string; readonly met: boolean }[];
}

export interface Report {
  readonly machine: readonly string[];
  readonly refused: readonly { readonly name: string; readonly why: string }[];
  readonly rows: readonly Row[];
}

/** Writes NAME.json (raw), NAME.md and NAME.svg into a folder. */
export function writeReport(report: Report, folder: string, name: string): string {
  mkdirSync(folder, { recursive: true });
  const table = printReport(report);
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(`${folder}/${name}.md`, table);
  writeFileSync(`${folder}/${name}.svg`, drawReport(report));
  return table;
}

export function printReport({ machine, refused, rows }: Report): string {
  const lines = [
    "# Bench, latest run",
    "",
    ...machine.map((line) => `- ${line}`),
    ...refused.map(({ name, why }) => `- ${name} was not measured: ${why}`),
    "",
  ];
  lines.push("| what | unit | tool | median | min | max | runs |", "|---|---|---|---:|---:|---:|---:|");
  for (const row of rows) {
    for (const { name, values } of row.samples) {
      lines.push(
        `| ${row.title} | ${row.unit} | ${name} | ${short(median(values))} | ${short(Math.min(...values))} | ${short(Math.max(...values))} | ${values.length} |`,
      );
    }
  }
  lines.push("", "| goal | measured | met |", "|---|---|---|");
  for (const row of rows)
    for (const goal of row.goals)
      lines.push(`| ${row.title}: ${goal.text} | ${goal.measured} | ${goal.met ? "yes" : "**no**"} |`);
  return `${lines.join("\n")}\n`;
}

export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const colours: Readonly<Record<string, string>> = {
  vial: "#2a78d6",
  podman: "#a05ec9",
  docker: "#e0862d",
  buildkit: "#c7a13a",
};

/** Bars on a logarithmic scale, a group per row; readable on light and dark. */
function drawReport({ rows }: Report): string {
  const [left, width, bar] = [230, 560, 18];
  let y = 30;
  const parts: string[] = [];
  for (const row of rows) {
    const medians = row.samples.map(({ name, values }) => ({ name, value: median(values) }));
    const low = Math.min(...medians.map(({ value }) => value)) / 2;
    const high = Math.max(...medians.map(({ value }) => value));
    parts.push(`<text x="10" y="${y}" class="t">${escapeXml(row.title)} (${row.unit})</text>`);
    y += 10;
    for (const { name, value } of medians) {
      const length = Math.max(3, (Math.log(value / low) / Math.log(high / low)) * width);
      parts.push(
        `<text x="${left - 8}" y="${y + 13}" text-anchor="end" class="n">${escapeXml(name)}</text>`,
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar - 4}" rx="2" fill="${colours[name] ?? "#7a8794"}"/>`,
        `<text x="${(left + length + 6).toFixed(1)}" y="${y + 12}" class="n">${short(value)}</text>`,
      );
      y += bar;
    }
    y += 26;
  }
  const style =
    "text{font:13px system-ui,sans-serif;fill:#333}.t{font-weight:600}@media(prefers-color-scheme:dark){text{fill:#ddd}}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 90} ${y}" width="${left + width + 90}" height="${y}"><style>${style}</style>${parts.join("")}</svg>\n`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter] ?? letter);
}
