import { run } from "../run.ts";

/** Runs a script of a recipe on this machine, as the person who builds. Gives its exit code and its last lines. */
export async function runHostScript(
  shell: readonly string[],
  text: string,
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const [program = "/bin/sh", ...words] = shell;
  const result = await run(program, [...words, "-c", text], {
    cwd: options.cwd,
    env: { ...(process.env as Record<string, string>), ...options.env },
    signal: options.signal,
  });
  const lines = `${result.stdout}${result.stderr}`.trimEnd().split("\n").slice(-20);
  return { exitCode: result.exitCode, output: lines.map((line) => `    ${line}`).join("\n") };
}
