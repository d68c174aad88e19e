import { canRunContainers, diagnose, type Finding } from "#engine";
import { hostPlace, readHostFacts } from "#host";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { hasColour, out } from "../print.ts";

export const command: Command = {
  name: "doctor",
  usage: "[OPTIONS]",
  summary: "Show what this host offers and lacks, and the commands that mend it",
  flags: [{ name: "format", kind: "string", value: "table|json", help: "How to show it (default table)" }],
  args: [0, 0],
  async run(flags) {
    const format = flags.text("format") ?? "table";
    if (format !== "table" && format !== "json")
      throw flagValueInvalid("--format", format, '"table" or "json"');
    const facts = await readHostFacts(hostPlace().root);
    const findings = diagnose(facts);
    const canRun = canRunContainers(findings);
    out(
      format === "json"
        ? `${JSON.stringify({ canRun, findings, facts }, null, 2)}\n`
        : printFindings(findings, { colour: hasColour(1) }),
    );
    return canRun ? 0 : 1;
  },
};

const marks = { fine: ["✓", 32], lack: ["!", 33], stop: ["✗", 31] } as const;
const words = { fine: "", lack: "amiss: ", stop: "stops Vial: " } as const;

/** The findings for people: one line each, by area; what is amiss with its cost and its cure below it. */
export function printFindings(findings: readonly Finding[], look: { readonly colour: boolean }): string {
  const width = Math.max(...findings.map((finding) => finding.name.length)) + 2;
  const lines: string[] = [];
  let area: string | undefined;
  for (const finding of findings) {
    if (finding.area !== area) lines.push(...(area === undefined ? [] : [""]), finding.area);
    area = finding.area;
    const [mark, colour] = marks[finding.status];
    const shown = look.colour ? `\x1b[${colour}m${mark}\x1b[0m` : mark;
    lines.push(`  ${shown} ${finding.name.padEnd(width)}${words[finding.status]}${finding.found}`);
    if (finding.cost !== undefined) lines.push(`    ${"".padEnd(width)}cost: ${finding.cost}`);
    if (finding.mend !== undefined) lines.push(`    ${"".padEnd(width)}mend: ${finding.mend}`);
  }
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  const verdict = canRunContainers(findings)
    ? `Containers can run on this host; ${count("lack")} of ${findings.length} things are amiss`
    : `Containers cannot run on this host: mend the ${count("stop")} marked with ${marks.stop[0]} first`;
  return `${lines.join("\n")}\n\n${verdict}\n`;
}
