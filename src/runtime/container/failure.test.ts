import { expect, test } from "bun:test";
import { explainFailure } from "./failure.ts";

// Sentences of crun 1.8 and runc 1.1, as they came.
const said: readonly (readonly [sentence: string, exitCode: number])[] = [
  ["executable file `nosuch` not found in $PATH: No such file or directory", 127],
  ['exec: "nosuch": executable file not found in $PATH: unknown', 127],
  ["open executable: Permission denied", 126],
  ['unable to start container process: exec: "/etc/passwd": permission denied', 126],
  ["exec container process `/bin/x`: Exec format error", 126],
  ["open `/proc/17/ns/net`: Permission denied", 125],
  ["setrlimit `RLIMIT_NOFILE`: Operation not permitted", 125],
];

test("explainFailure() tells a program that cannot be run from a container that cannot be made", () => {
  expect(said.map(([sentence]) => explainFailure(sentence, "x", "c").exitCode)).toEqual(
    said.map(([, exitCode]) => exitCode),
  );
});
