/** Reads one line of comma-separated values as Go's encoding/csv does, or returns undefined when its quotes are wrong. */
export function readCsvLine(line: string): string[] | undefined {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let cell = "";
      for (at++; ; at++) {
        if (at >= line.length) return undefined;
        if (line[at] !== '"') cell += line[at];
        else if (line[at + 1] === '"') cell += line[++at];
        else break;
      }
      at++;
      if (at < line.length && line[at] !== ",") return undefined;
      cells.push(cell);
    } else {
      const comma = line.indexOf(",", at);
      const cell = line.slice(at, comma < 0 ? undefined : comma);
      if (cell.includes('"')) return undefined;
      cells.push(cell);
      at = comma < 0 ? line.length : comma;
    }
    if (at >= line.length) return cells;
    at++;
  }
}
