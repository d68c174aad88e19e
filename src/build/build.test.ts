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
import { buildLabels, mergeLabels } from "./deffile/image/label-file.ts";
import { finishSingularityFiles, prepareSingularityFiles } from "./deffile/image/singularity-files.ts";
import { makeSteps, readCarriedState } from "./deffile/steps/carry.ts";
import { parseDeffile } from "./deffile/parse.ts";
import { postScripts } from "./deffile/post.ts";
import { readBuildArguments, refuseUnusedArguments } from "./deffile/build-arguments.ts";
import { readDeffile } from "./deffile/deffile.ts";
import { readLabels } from "./deffile/label.ts";
import { splitScript } from "./deffile/steps/split.ts";
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

test("the door leads from a definition file to its steps and files", async () => {
  const { values } = readBuildArguments(["base=debian:12"]);
  const parsed = parseDeffile(
    "Bootstrap: docker\nFrom: {{ base }}\n%post\n  cd /srv\n  make\n%labels\n  A 1\n",
    "app.def",
    values,
  );
  refuseUnusedArguments(values, parsed.usedArguments, parsed.knownArguments);
  const { definition, stages } = readDeffile(parsed);
  const stage = stages[0]!;
  expect(stage.bootstrap).toEqual({ kind: "docker", reference: "debian:12" });
  // What is kept in the image is the text after replacement.
  expect(definition).toContain("\nFrom: debian:12\n");

  const [post] = postScripts(stage);
  const split = await splitScript(post!.text, post!.shell);
  const commands = split.kind === "steps" ? split.commands : [];
  const steps = makeSteps(commands, { shell: post!.shell, statePath: "/run/.vial-state" });
  expect(steps.map((step) => step.command.text)).toEqual(["  cd /srv\n", "  make\n"]);
  expect(readCarriedState("")).toEqual({ kind: "ended" });

  const built = buildLabels(stage.header, { architecture: "amd64", date: new Date(0) }, false);
  const said = readLabels([{ text: "B 2" }]);
  const own = new Map([...built, ...stage.labels, ...said]);
  const { labels } = mergeLabels(new Map([["A", "0"]]), own, { force: false });
  expect(labels.get("A")).toBe("0");
  const files = [...prepareSingularityFiles(stage), ...finishSingularityFiles({ stage, definition, labels })];
  expect(files.find((file) => file.path === "/.singularity.d/Singularity")).toMatchObject({
    content: definition,
  });
});
