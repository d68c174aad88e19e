/** A failed test brings this many lines of what was printed before it: the assertion, the code around it, the trace. */
const linesBefore = 40;

/**
 * What a run of `bun test` (or of tool/ok.ts, which indents it) said about its failures: each "(fail)" line with the
 * lines that came before it since the last test. A run without such a line died otherwise; its last lines are given.
 */
export function failures(text) {
  const lines = text.split("\n");
  const found = [];
  let from = 0;
  for (const [at, line] of lines.entries()) {
    if (!/^\s*\((?:pass|fail|skip|todo)\) /.test(line)) continue;
    // Under the line of a test that ran out of time stands one more that says so.
    const end = /^\s*\^ /.test(lines[at + 1] ?? "") ? at + 2 : at + 1;
    if (/^\s*\(fail\) /.test(line)) found.push(...lines.slice(Math.max(from, at - linesBefore), end));
    from = end;
  }
  return (found.length > 0 ? found : lines.slice(-linesBefore)).join("\n");
}
