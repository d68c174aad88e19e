import { expect, test } from "bun:test";
import { parseReference, printFamiliar, printReference } from "./reference.ts";

const digest = `sha256:${"ab".repeat(32)}`;

const good: readonly (readonly [text: string, full: string, familiar: string])[] = [
  ["debian", "docker.io/library/debian:latest", "debian:latest"],
  ["debian:12", "docker.io/library/debian:12", "debian:12"],
  ["team/app", "docker.io/team/app:latest", "team/app:latest"],
  ["docker.io/debian", "docker.io/library/debian:latest", "debian:latest"],
  ["index.docker.io/debian", "docker.io/library/debian:latest", "debian:latest"],
  ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
  ["localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"],
  ["host:5000/a/b/c:v1", "host:5000/a/b/c:v1", "host:5000/a/b/c:v1"],
  ["[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"],
  ["example.org/a__b/c-d.e", "example.org/a__b/c-d.e:latest", "example.org/a__b/c-d.e:latest"],
  ["HOST/app", "HOST/app:latest", "HOST/app:latest"],
  [`debian@${digest}`, `docker.io/library/debian@${digest}`, `debian@${digest}`],
  [`debian:12@${digest}`, `docker.io/library/debian:12@${digest}`, `debian:12@${digest}`],
];

test.each(good)("parseReference() reads %s", (text, full, familiar) => {
  expect([printReference(parseReference(text)), printFamiliar(parseReference(text))]).toEqual([
    full,
    familiar,
  ]);
});

const bad = [
  "",
  "./app",
  "app:",
  "app:-x",
  `app:${"a".repeat(129)}`,
  "a//b",
  "-app",
  "app_",
  "a..b",
  "app@sha256:12",
  `app@md5:${"ab".repeat(16)}`,
  "host:port/app",
  "ab".repeat(32),
  `${"a".repeat(256)}`,
  "a b",
];

test.each(bad)("parseReference() refuses %p", (text) => {
  expect(() => parseReference(text)).toThrow();
});

test.each([
  ["BusyBox", "busybox"],
  ["Team/App:1", "Team/app:1"],
  ["docker.io/BusyBox", "docker.io/busybox"],
  ["team/APP:V1", "team/app:V1"],
])("parseReference() offers %s in lower case", (text, near) => {
  expect(() => parseReference(text)).toThrow(
    expect.objectContaining({ next: `did you mean "${near}"?` }) as Error,
  );
});
