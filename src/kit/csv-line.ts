/**
 * The fields of one line of comma-separated values (RFC 4180): `a,"b,c","d ""e"""` is a | b,c | d "e". Undefined for a
 * quote that is not closed, or that stands in the middle of a field.
 */
export function splitCsvLine(line: string): readonly string[] | undefined {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (line[at] !== '"') {
      const comma = line.indexOf(",", at);
      const field = comma < 0 ? line.slice(at) : line.slice(at, comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    const quoted = /^"((?:[^"]|"")*)"(,|$)/s.exec(line.slice(at));
    if (quoted === null) return undefined;
    fields.push((quoted[1] ?? "").replaceAll('""', '"'));
    at += quoted[0].length;
    if (quoted[2] === "") return fields;
  }
}
