/** A line of an env file that cannot be read. */
export class EnvFileError extends Error {
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.name = "EnvFileError";
    this.line = line;
  }
}

/**
 * Parses Docker's `--env-file`: one NAME=VALUE per line, values as they stand (no quotes, no expansion), `#` starts
 * a comment line; a NAME alone takes its value from `env`, and is left out where that has none.
 * Throws EnvFileError.
 */
export function parseEnvFile(bytes: Uint8Array, env: Readonly<Record<string, string | undefined>>): string[] {
  const variables: string[] = [];
  for (const [index, raw] of splitLines(bytes).entries()) {
    const number = index + 1;
    let line: string;
    try {
      line = new TextDecoder("utf-8", { fatal: true, ignoreBOM: index > 0 }).decode(raw);
    } catch {
      throw new EnvFileError(number, "it is no UTF-8");
    }
    line = line.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    const name = equals < 0 ? line.trimEnd() : line.slice(0, equals);
    if (name === "") throw new EnvFileError(number, "it has no name before the =");
    if (/\s/.test(name))
      throw new EnvFileError(number, `the name ${JSON.stringify(name)} has white space in it`);
    if (line.includes("\0")) throw new EnvFileError(number, "it holds a NUL");
    if (equals >= 0) variables.push(line);
    else if (env[name] !== undefined) variables.push(`${name}=${env[name]}`);
  }
  return variables;
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const newline = 10;
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  lines.push(bytes.subarray(start));
  return lines;
}
