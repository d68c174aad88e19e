import { runSync } from "../run.ts";

/** The names under which a busybox does something, sorted; "busybox" itself is not among them. */
export function busyboxApplets(program: string): readonly string[] {
  return runSync(program, ["--list"])
    .stdout.split("\n")
    .filter((name) => /^[A-Za-z0-9_.[-]+$/.test(name) && name !== "busybox")
    .toSorted();
}
