import { expect, test } from "bun:test";
import {
  lint,
  parseDockerfile,
  parseIgnoreFile,
  printSourceLines,
  readStages,
  refuseFindings,
  stagesToBuild,
  unusedBuildArgs,
} from "#build";
import { expandInstruction } from "./dockerfile/expand-instruction.ts";
import { resolveMount } from "./dockerfile/instruction/resolve-mount.ts";
import { expandWord } from "./dockerfile/expand.ts";
import { startScope, variablesOf, withArg, withEnv } from "./dockerfile/scope.ts";

const dockerfile = parseDockerfile(`# check=error=true
ARG V=1
FROM debian:$V AS a
ARG V
ENV DIR=/srv
RUN --mount=type=cache,target=$DIR make
WORKDIR $DIR/$V
FROM scratch
COPY --from=a $DIR /
`);

test("the door leads from a text to the stages to build", () => {
  const graph = readStages(dockerfile);
  const [first, last] = stagesToBuild(graph);
  expect(first?.base).toEqual({ kind: "image", reference: "debian:1" });
  expect(last?.needs).toEqual([0]);
  expect(unusedBuildArgs(dockerfile, new Map([["W", "2"]]))).toEqual(["W"]);
});

test("a stage is walked with a scope that ARG and ENV change", () => {
  const graph = readStages(dockerfile);
  const escapeCharacter = dockerfile.directives.escape;
  const sources = { given: new Map<string, string>(), global: graph.global, escape: escapeCharacter };
  let scope = startScope(new Map());
  const seen: unknown[] = [];
  for (const one of graph.stages[0]?.instructions ?? []) {
    const variables = variablesOf(scope);
    const word = (text: string) => expandWord(text, variables, escapeCharacter, one.range);
    if (one.kind === "arg") scope = withArg(scope, one, sources);
    if (one.kind === "env") scope = withEnv(scope, one, escapeCharacter);
    if (one.kind === "run") seen.push(...one.mounts.map((mount) => resolveMount(mount, word, one.range)));
    if (one.kind === "workdir") seen.push(expandInstruction(one, variables, escapeCharacter));
  }
  expect(seen).toMatchObject([
    { kind: "cache", target: "/srv" },
    { kind: "workdir", path: "/srv/1" },
  ]);
});

test("what the linter finds is shown with its lines", () => {
  const report = lint(dockerfile, { ignore: parseIgnoreFile("x") });
  const [found] = report.findings;
  expect(found?.rule).toBe("UndefinedVar");
  expect(printSourceLines(found!.where, dockerfile.text)).toContain(">   9 | COPY --from=a $DIR /");
  expect(() => refuseFindings(dockerfile, report)).toThrow(expect.objectContaining({ code: "lint-failed" }));
});
