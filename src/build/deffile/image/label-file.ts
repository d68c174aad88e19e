import type { Header } from "../header.ts";

/** Labels as Apptainer keeps them: sorted, with tabs. */
export function printLabels(labels: ReadonlyMap<string, string>): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // Not by an object: it would put keys that are numbers first.
  const lines = sorted.map(([key, value]) => `\t${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n}`;
}

export interface BuildFacts {
  /** As Singularity says it: amd64, arm64. */
  readonly architecture: string;
  /** The newest input's time, or SOURCE_DATE_EPOCH: never the clock. */
  readonly date: Date;
}

/** What a build adds of its own. */
export function buildLabels(header: Header, facts: BuildFacts, help: boolean): ReadonlyMap<string, string> {
  const prefix = "org.label-schema";
  const labels = new Map([
    [`${prefix}.schema-version`, "1.0"],
    [`${prefix}.build-arch`, facts.architecture],
    [`${prefix}.build-date`, printBuildDate(facts.date)],
  ]);
  for (const { keyword, value } of header.values())
    labels.set(`${prefix}.usage.singularity.deffile.${keyword}`, value);
  if (help) {
    labels.set(`${prefix}.usage`, "/.singularity.d/runscript.help");
    labels.set(`${prefix}.usage.apptainer.runscript.help`, "/.singularity.d/runscript.help");
  }
  return labels;
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** `Monday_23_November_2026_20:7:0_UTC`, without zeros in front. */
function printBuildDate(date: Date): string {
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].join(":");
  const day = [
    days[date.getUTCDay()],
    date.getUTCDate(),
    months[date.getUTCMonth()],
    date.getUTCFullYear(),
  ].join("_");
  return `${day}_${time}_UTC`;
}

/** What a later source of labels may not change without `--force`. */
export function mergeLabels(
  base: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
  options: { readonly force: boolean },
): { readonly labels: ReadonlyMap<string, string>; readonly kept: readonly string[] } {
  const kept = options.force
    ? []
    : [...own].filter(([key, value]) => base.has(key) && base.get(key) !== value).map(([key]) => key);
  const added = [...own].filter(([key]) => !kept.includes(key));
  return { labels: new Map([...base, ...added]), kept };
}
