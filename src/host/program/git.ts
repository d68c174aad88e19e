import { run } from "../run.ts";

// git(1): contexts and sources that lie in a repository.

export interface GitClone {
  readonly url: string;
  /** A branch, a tag or a commit; empty for the repository's own choice. */
  readonly ref: string;
  /** Made by it. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** The command lines of a clone without history. What a stranger wrote stands behind `--` (CVE-2019-13139). */
export function gitCloneArgs(wish: GitClone): readonly (readonly string[])[] {
  const inside = ["-C", wish.folder, "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"];
  return [
    ["init", "--quiet", "--", wish.folder],
    [...inside, "fetch", "--quiet", "--depth", "1", "--no-tags", "--", wish.url, wish.ref || "HEAD"],
    [...inside, "checkout", "--quiet", "--detach", "FETCH_HEAD", "--"],
  ];
}

/** Fetches one commit of a repository. Gives git's own words when it cannot. */
export async function gitClone(wish: GitClone): Promise<string | undefined> {
  if (wish.url.startsWith("-") || wish.ref.startsWith("-"))
    return "an address or a reference does not begin with a dash";
  for (const args of gitCloneArgs(wish)) {
    const result = await run("git", args, {
      env: { ...process.env, GIT_TERMINAL_PROMPT: "0" } as Record<string, string>,
      ...(wish.signal === undefined ? {} : { signal: wish.signal, withHelpers: true }),
    });
    if (result.exitCode !== 0)
      return result.stderr.trim().split("\n").at(-1) || `git ended with code ${result.exitCode}`;
  }
  return undefined;
}
