import type { InstanceRecord } from "#engine";

/** The instances whose name a pattern of the shell's kind fits: "*" and "?" stand for any letters, and for one. */
export function choose(all: readonly InstanceRecord[], pattern: string): readonly InstanceRecord[] {
  const glob = new Bun.Glob(pattern);
  return all.filter(({ name }) => glob.match(name));
}
