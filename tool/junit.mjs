import { readFileSync } from "node:fs";

/** The counts of a JUnit report of `bun test`: those of its one <testsuites> element, which sums up all files. */
export function readJunit(path) {
  const head = /<testsuites\b[^>]*>/.exec(readFileSync(path, "utf8"))?.[0];
  if (head === undefined) throw new Error(`${path} is no JUnit report: it has no <testsuites>`);
  const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [failed, skipped] = [count("failures") + count("errors"), count("skipped")];
  return { passed: count("tests") - failed - skipped, failed, skipped };
}
