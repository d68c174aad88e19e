import { aptLineInvalid } from "../error.ts";
import type { Proposal, ReadFile } from "./proposal.ts";

/** `apt.txt`: packages of the distribution, parted by blanks and lines; `#` begins a comment. */
export function proposeApt(read: ReadFile): Proposal | undefined {
  const text = read("apt.txt");
  if (text === undefined) return undefined;
  const packages = text.split("\n").flatMap((line, index) =>
    line
      .replace(/#.*/, "")
      .split(/\s+/)
      .filter((word) => word !== "")
      .map((word) => checked(word, index + 1)),
  );
  return { from: "apt.txt", packages, lines: [] };
}

/** The words become a part of a shell command: nothing but the name of a package, its architecture and version. */
function checked(word: string, line: number): string {
  if (/^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?([=/][A-Za-z0-9.+~:-]+)?$/.test(word)) return word;
  throw aptLineInvalid(word, { file: "apt.txt", from: line, to: line });
}
