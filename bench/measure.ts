/** Milliseconds that a command took, from start to its end as its parent sees it. Throws when it fails. */
export function time(command: readonly string[], env: Readonly<Record<string, string>> = {}): number {
  const began = performance.now();
  const child = Bun.spawnSync([...command], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: 300_000,
  });
  const took = performance.now() - began;
  if (child.exitCode !== 0)
    throw new Error(
      `${command.slice(0, 4).join(" ")} ended with ${child.exitCode}: ${child.stderr.toString().trim().slice(0, 300)}`,
    );
  return took;
}

/** What a command prints, trimmed. Throws when it fails. */
export function text(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  timeout = 300_000,
): string {
  const child = Bun.spawnSync([...command], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout,
  });
  if (child.exitCode !== 0)
    throw new Error(
      `${command.slice(0, 4).join(" ")} ended with ${child.exitCode}: ${child.stderr.toString().trim().slice(0, 300)}`,
    );
  return child.stdout.toString().trim();
}

export interface Sample {
  readonly name: string;
  readonly values: number[];
}

/**
 * Times several commands in turn, A B C A B C, so that a drift of the machine meets all alike. One round is not counted,
 * unless they are to be cold.
 */
export function interleave(
  commands: ReadonlyMap<string, () => number>,
  rounds: number,
  caches: "warm" | "cold" = "warm",
): readonly Sample[] {
  const samples = new Map([...commands.keys()].map((name) => [name, [] as number[]]));
  for (let round = caches === "warm" ? -1 : 0; round < rounds; round++) {
    for (const [name, run] of commands) {
      const value = run();
      if (round >= 0) samples.get(name)?.push(value);
    }
  }
  return [...samples].map(([name, values]) => ({ name, values }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The median of the ratios round by round. */
export function ratio(a: Sample | undefined, b: Sample | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return median(a.values.map((value, round) => value / (b.values[round] ?? Number.NaN)));
}
