// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are recipes, not templates
import { describe, expect, test } from "bun:test";
import { platformArgs, proxyArgs } from "./arguments.ts";
import { expandInstruction } from "./expand-instruction.ts";
import { resolveMount } from "./instruction/resolve-mount.ts";
import { parseDockerfile } from "./parse.ts";
import { startScope, variablesOf, withArg, withEnv } from "./scope.ts";
import { nearestStage, readStages, type StageOptions, stagesToBuild, unusedBuildArgs } from "./stages.ts";

const read = (text: string, options?: StageOptions) => readStages(parseDockerfile(text), options);
const fails = (text: string, code: string, more: object = {}, options?: StageOptions) =>
  expect(() => read(text, options)).toThrow(expect.objectContaining({ code, ...more }));

describe("readStages() finds what each stage needs", () => {
  test("by name, number and mount", () => {
    const { stages, target } = read(
      "FROM a AS One\nFROM one\nFROM b\nCOPY --from=ONE x y\nCOPY --from=1 x y\nRUN --mount=from=one,target=/x --mount=type=cache,target=/y z",
    );
    expect(stages.map((stage) => stage.base)).toEqual([
      { kind: "image", reference: "a" },
      { kind: "stage", index: 0 },
      { kind: "image", reference: "b" },
    ]);
    expect(target.needs).toEqual([0, 1]);
    expect([...target.sources.keys()]).toEqual(["ONE", "1", "one"]);
  });

  test("an image, scratch or a context otherwise", () => {
    const text = "FROM scratch\nCOPY --from=alpine a b\nCOPY --from=assets c d\nFROM assets";
    const { stages } = read(text, { contexts: ["assets"] });
    expect(stages[0]?.base).toEqual({ kind: "scratch" });
    expect(stages[0]?.sources.get("alpine")).toEqual({ kind: "image", reference: "alpine" });
    expect(stages[0]?.sources.get("assets")).toEqual({ kind: "context", name: "assets" });
    expect(stages[1]?.base).toEqual({ kind: "context", name: "assets" });
  });

  test("a stage may bear the name of its image, and the last of two of one name counts", () => {
    const { stages } = read("FROM debian AS debian\nFROM b AS debian\nFROM debian");
    expect(stages[0]?.base).toEqual({ kind: "image", reference: "debian" });
    expect(stages[2]?.base).toEqual({ kind: "stage", index: 1 });
  });

  test("a COPY may look ahead, as long as no circle comes of it", () => {
    const graph = read("FROM a AS one\nCOPY --from=two x y\nFROM b AS two\nFROM one");
    expect(stagesToBuild(graph).map((stage) => stage.index)).toEqual([1, 0, 2]);
  });

  test("stages that are not needed are not built", () => {
    const text = "FROM a AS one\nFROM b AS two\nFROM one AS three\nFROM two AS four";
    const built = (target: string): string[] =>
      stagesToBuild(read(text, { target })).map((stage) => stage.name ?? "");
    expect(built("three")).toEqual(["one", "three"]);
    expect(built("TWO")).toEqual(["two"]);
    expect(built("3")).toEqual(["two", "four"]);
  });

  test("with as many stages as anybody likes", () => {
    const text = Array.from({ length: 20_000 }, (_, n) => `FROM ${n === 0 ? "a" : `s${n - 1}`} AS s${n}`);
    expect(stagesToBuild(read(text.join("\n"))).length).toBe(20_000);
  });
});

describe("readStages() refuses", () => {
  test("a FROM of a later stage", () => {
    fails("FROM two AS one\nFROM a AS two", "stage-later", { where: { file: "Dockerfile", from: 1, to: 1 } });
  });
  test("circles", () => {
    fails("FROM a AS one\nCOPY --from=two x y\nFROM one AS two", "stage-cycle", {
      message: "Cannot order the stages: one needs two needs one",
    });
    fails("FROM a\nCOPY --from=0 x y", "stage-cycle", {
      message: "Cannot order the stages: stage 0 needs stage 0",
    });
  });
  test("numbers that are not there", () => {
    fails("FROM a\nCOPY --from=7 x y", "stage-number-unknown", {
      where: { file: "Dockerfile", from: 2, to: 2 },
    });
  });
  test("names that are empty in the end", () => {
    fails("ARG V\nFROM $V", "base-name-empty");
    fails("FROM --platform=$V a", "platform-empty");
  });
  test("instructions without an image", () => {
    fails("RUN a\nFROM b", "instruction-before-from");
    fails("ARG a", "from-missing");
  });
  test("targets that are not there, with a guess", () => {
    fails("FROM a AS builder", "target-unknown", { next: 'did you mean "builder"?' }, { target: "bulider" });
    fails("FROM a", "target-unknown", { why: "the recipe names no stages" }, { target: "x" });
  });
});

describe("readStages() puts arguments into FROM", () => {
  test("from defaults, from --build-arg, and the automatic ones", () => {
    const text =
      "ARG V=1\nARG W=$V.2\nFROM --platform=$BUILDPLATFORM a:$W\nFROM b:${TARGETARCH}${TARGETVARIANT}";
    const options = {
      buildPlatform: { os: "linux", architecture: "amd64" },
      targetPlatform: { os: "linux", architecture: "arm", variant: "v7" },
    };
    const { stages } = read(text, options);
    expect(stages[0]).toMatchObject({ base: { reference: "a:1.2" }, platform: "linux/amd64" });
    expect(stages[1]?.base).toEqual({ kind: "image", reference: "b:armv7" });
    const given = read(text, { ...options, buildArgs: new Map([["V", "3"]]) });
    expect(given.stages[0]?.base).toEqual({ kind: "image", reference: "a:3.2" });
  });
});

test("platformArgs() leaves out the only variant of arm64", () => {
  const arm64 = { os: "linux", architecture: "arm64", variant: "v8" };
  const args = platformArgs(arm64, arm64, "last");
  expect([args.get("TARGETPLATFORM"), args.get("TARGETVARIANT")]).toEqual(["linux/arm64", ""]);
  expect(proxyArgs).toContain("no_proxy");
});

test("nearestStage() guesses the stage behind a name that is no image", () => {
  expect(nearestStage(read("FROM a AS builder\nFROM b").stages, "Bulider")).toBe("builder");
});

test("unusedBuildArgs() names those that no ARG takes", () => {
  const given = new Map([
    ["VERSION", "1"],
    ["VERSOIN", "1"],
    ["http_proxy", "1"],
  ]);
  expect(unusedBuildArgs(parseDockerfile("FROM a\nARG VERSION"), given)).toEqual(["VERSOIN"]);
});

describe("a scope", () => {
  const instructions = parseDockerfile("FROM a\nARG V W=$E X=w\nENV V=env Y=$V\nENV Z=$Y").instructions;
  const sources = {
    given: new Map([["X", "given"]]),
    global: new Map([["V", "global"]]),
    escape: "\\" as const,
  };

  test("takes ARG from --build-arg, defaults and above the first FROM; ENV wins", () => {
    let scope = startScope(new Map([["E", "base"]]));
    for (const one of instructions) {
      if (one.kind === "arg") scope = withArg(scope, one, sources);
      if (one.kind === "env") scope = withEnv(scope, one, "\\");
    }
    expect(Object.fromEntries(variablesOf(scope))).toEqual({
      E: "base",
      V: "env",
      W: "base",
      X: "given",
      // The pairs of one line do not see each other.
      Y: "global",
      Z: "global",
    });
  });
});

describe("expandInstruction()", () => {
  const variables = new Map([
    ["A", "1"],
    ["B", "x y"],
  ]);
  const cases: readonly (readonly [string, object])[] = [
    ["ENV $A='$A'$B", { pairs: [{ name: "1", value: "$Ax y" }] }],
    ['LABEL l="$B"', { pairs: [{ value: "x y" }] }],
    ["COPY --chown=$A --chmod=$A --exclude=$A $A '' \"$B\" /$A", { sources: ["1", "", "x y"], chown: "1" }],
    ["COPY <<a <<'b' /c\n'$A'\na\n$A\nb", { files: [{ content: "'1'\n" }, { content: "$A\n" }] }],
    ["ADD --checksum=$A a b", { checksum: "1" }],
    ["WORKDIR /$A", { path: "/1" }],
    ["USER $A", { user: "1" }],
    ["EXPOSE $B $A", { ports: ["x", "y", "1"] }],
    ["VOLUME $B", { paths: ["x y"] }],
    ["STOPSIGNAL $A", { signal: "1" }],
    ["RUN $A", { command: { text: "$A" } }],
    ["CMD $A", { command: { text: "$A" } }],
    ["ARG x=$A", { args: [{ value: "$A" }] }],
    ["ONBUILD USER $A", { expression: "USER $A" }],
  ];
  for (const [text, wanted] of cases)
    test(text.replaceAll("\n", "\\n"), () => {
      const instruction = parseDockerfile(`FROM a\n${text}`).instructions[1]!;
      if (instruction.kind === "from") throw new Error("no instruction of a stage");
      expect(expandInstruction(instruction, variables, "\\")).toMatchObject(wanted);
    });
});

describe("resolveMount()", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["target=/a", { kind: "bind", source: "/", target: "/a", readonly: true }],
    ["type=bind,src=b,dst=/a,rw,from=x", { source: "b", readonly: false, from: "x" }],
    ["type=bind,target=/a,ro=false", { readonly: false }],
    ["type=CACHE,id=$V,target=/a", { kind: "cache", id: "1", sharing: "shared", readonly: false }],
    [
      "type=cache,target=/a,sharing=locked,mode=0755,uid=1,gid=2",
      { sharing: "locked", mode: 493, uid: 1, gid: 2 },
    ],
    ["type=tmpfs,target=/a,size=1m", { kind: "tmpfs", target: "/a", size: 1048576 }],
    ["type=secret,target=/run/x/key", { kind: "secret", id: "key", target: "/run/x/key", required: false }],
    ["type=secret,id=a,env=B,required", { id: "a", env: "B", required: true }],
    ["type=ssh", { kind: "ssh", id: "default", required: false }],
  ];
  for (const [text, wanted] of cases)
    test(text, () => {
      const [, run] = parseDockerfile(`FROM a\nRUN --mount=${text} x`).instructions;
      const mount = run?.kind === "run" ? run.mounts[0] : undefined;
      expect(resolveMount(mount!, (value) => value.replace("$V", "1"), run!.range)).toMatchObject(wanted);
    });
});
