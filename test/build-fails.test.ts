// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the recipe's variables

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Recipes, openRecipes } from "./recipe.ts";
import { setupTimeout } from "./vial.ts";

// Builds that fail: what they say, and that they leave nothing but the steps that were finished.

const { why, vial, recipes } = await openRecipes("builds that fail");

interface BadRecipe {
  readonly text: string;
  /** The line with the mark. */
  readonly line?: number;
  readonly says: readonly (string | RegExp)[];
  readonly flags?: readonly string[];
  readonly files?: Parameters<Recipes["context"]>[0];
  readonly code?: number;
}

/** The header of a program for a machine (elf(5)), and nothing in it. */
function emptyProgram(machine: number): Buffer {
  const head = Buffer.alloc(120);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  for (const [at, value] of [
    [16, 2],
    [18, machine],
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    head.writeUInt16LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [24, 0x400078],
    [32, 64],
    [64, 1],
    [68, 5],
    [80, 0x400000],
    [88, 0x400000],
    [96, 120],
    [104, 120],
    [112, 4096],
  ] as const)
    head.writeUInt32LE(value, at);
  return head;
}

const bad: Readonly<Record<string, BadRecipe>> = {
  "an unknown instruction": {
    text: "FROM busybox\nRNU true",
    line: 2,
    says: ["RNU", 'did you mean "RUN"?'],
    code: 2,
  },
  "an unknown flag": {
    text: "FROM busybox\nCOPY --chwon=1 a /b",
    line: 2,
    says: ["chwon", "--chown"],
    code: 2,
  },
  "an unknown flag of the command": {
    text: "FROM busybox",
    says: ["--taget", "--target"],
    flags: ["--taget", "x"],
    code: 2,
  },
  "a stage used before it is defined": {
    text: "FROM late\nRUN true\nFROM busybox AS late",
    line: 1,
    says: ["late"],
    code: 2,
  },
  "a stage that copies from itself": {
    text: "FROM busybox AS a\nCOPY --from=a /x /y",
    line: 1,
    says: ["a needs a"],
    code: 2,
  },
  "a cycle": {
    text: "FROM busybox AS a\nCOPY --from=b /x /y\nFROM busybox AS b\nCOPY --from=a /x /y",
    line: 3,
    says: ["a needs b needs a"],
    code: 2,
  },
  "a target that is not there": {
    text: "FROM busybox AS build",
    flags: ["--target", "biuld"],
    says: ["biuld", 'did you mean "build"?'],
    code: 1,
  },
  "a base that looks like a stage": {
    text: "FROM busybox AS builder\nFROM scratch\nCOPY --from=biulder /bin /bin",
    line: 3,
    says: ['did you mean the stage "builder"?'],
    code: 1,
  },
  "COPY of what is not there": {
    text: "FROM busybox\nCOPY mian.c /",
    line: 2,
    files: { "main.c": "" },
    says: ['Cannot copy "mian.c"', 'did you mean "main.c"?'],
    code: 1,
  },
  "COPY from outside of the context": {
    text: "FROM busybox\nCOPY ../secret /",
    line: 2,
    says: ["lies outside of the build context"],
    code: 2,
  },
  "COPY through a link out of the context": {
    text: "FROM busybox\nCOPY out/passwd /found",
    line: 2,
    files: { out: { link: "/etc" } },
    says: ["has no such file"],
    code: 1,
  },
  "COPY of a link out of the context": {
    text: "FROM busybox\nCOPY up /found",
    line: 2,
    files: { up: { link: "../../../../../../etc/passwd" } },
    says: ["has no such file"],
    code: 1,
  },
  "several files to one": {
    text: "FROM busybox\nCOPY a b /file",
    line: 2,
    files: { a: "", b: "" },
    says: ["end it with a slash"],
    code: 2,
  },
  "a mode that is none": {
    text: "FROM busybox\nCOPY --chmod=rwx a /",
    line: 2,
    files: { a: "" },
    says: ['"rwx"'],
    code: 2,
  },
  "an owner that the image does not know": {
    text: "FROM busybox\nCOPY --chown=bob a /",
    line: 2,
    files: { a: "" },
    says: ["bob"],
  },
  "a user that the image does not know": { text: "FROM busybox\nUSER bob\nRUN true", line: 3, says: ["bob"] },
  "a heredoc without an end": { text: "FROM busybox\nRUN <<EOF\necho\n", line: 2, says: ["EOF"], code: 2 },
  "a value that is missing": {
    text: "FROM busybox\nARG X\nENV Y=${X:?give it}",
    line: 3,
    says: ["give it"],
    code: 2,
  },
  "a secret that was not given": {
    text: "FROM busybox\nRUN --mount=type=secret,id=key,required true",
    line: 2,
    says: ['secret "key"', "--secret id=key,src=FILE"],
    code: 1,
  },
  "an agent that was not given": {
    text: "FROM busybox\nRUN --mount=type=ssh,required true",
    line: 2,
    says: ['ssh agent "default"'],
    code: 1,
  },
  "a bind mount of what is not there": {
    text: "FROM busybox\nRUN --mount=type=bind,source=nowhere,target=/x true",
    line: 2,
    says: ["nowhere"],
    code: 1,
  },
  "a program that fails": {
    text: "FROM busybox\nRUN echo first words; \\\n  echo last words >&2; \\\n  exit 42\nRUN true",
    line: 2,
    says: ["exit code 42", "first words", "last words", /:2-4/],
    code: 1,
  },
  "a program that is not there": {
    text: 'FROM busybox\nRUN ["/no/such"]',
    line: 2,
    says: ["/no/such"],
    code: 1,
  },
  "a shell that is not there": {
    text: "FROM scratch\nRUN true",
    line: 2,
    says: ["/bin/sh", "SHELL"],
    code: 1,
  },
  "a program that is killed": {
    text: "FROM busybox\nRUN sh -c 'kill -9 $$'; exit $?",
    line: 2,
    says: ["killed (137)"],
    code: 1,
  },
  "a program of another machine": {
    text: "FROM scratch\nADD --chmod=755 foreign /bin/sh\nRUN true",
    line: 3,
    files: { foreign: emptyProgram(process.arch === "arm64" ? 62 : 183) },
    flags: ["--platform", process.arch === "arm64" ? "linux/amd64" : "linux/arm64"],
    says: [
      'this machine cannot run "/bin/sh"',
      /made for (arm64|amd64), and no emulator/,
      "qemu-user-static",
    ],
    code: 1,
  },
  "a script without a first line": {
    text: 'FROM busybox\nADD --chmod=755 script /\nRUN ["/script"]',
    line: 3,
    files: { script: "echo hi\n" },
    says: ['this machine cannot run "/script"', "#!/bin/sh"],
    code: 1,
  },
  "a base that is here for another platform": {
    text: "FROM --platform=linux/s390x busybox\nRUN true",
    line: 1,
    says: [/for linux\/s390x/, /the store holds it for linux\/(amd64|arm64)/],
    code: 1,
  },
  "two platforms at once": {
    text: "FROM scratch",
    flags: ["--platform", "linux/amd64,linux/arm64"],
    says: ["one platform; build for the others one by one"],
    code: 2,
  },
  "a platform that is misspelt": {
    text: "FROM scratch",
    flags: ["--platform", "lin"],
    says: ['"lin"'],
    code: 2,
  },
  "a label without a name": { text: "FROM scratch", flags: ["--label", "=x"], says: ["NAME=VALUE"], code: 2 },
  "a flag of docker's": { text: "FROM scratch", flags: ["--push"], says: ["vial push NAME"], code: 1 },
  "an archive that escapes": {
    text: "FROM busybox\nADD evil.tar /x/",
    line: 2,
    files: {},
    says: ["leads out of the destination"],
  },
  "findings of the linter that stop the build": {
    text: "# check=error=true\nFROM busybox as a\nRUN true",
    says: ["goes against"],
    code: 1,
  },
};

describe.skipIf(why !== undefined)("a recipe that is wrong", () => {
  for (const [name, { text, line, says, flags = [], files = {}, code }] of Object.entries(bad)) {
    test(name, async () => {
      const folder = recipes.context(files);
      if (text.includes("evil.tar")) writeFileSync(`${folder}/evil.tar`, escapingTar());
      const built = await recipes.build(text, { folder, flags });
      const said = built.err;
      if (code === undefined) expect(built.code).not.toBe(0);
      else expect({ code: built.code, said }).toEqual({ code, said });
      for (const part of says)
        if (typeof part === "string") expect(said).toContain(part);
        else expect(said).toMatch(part);
      if (line !== undefined) expect(said).toMatch(new RegExp(`^> +${line} \\|`, "m"));
      expect(said).not.toContain("This is a bug");
      expect(said).toMatch(/\[next: .*\]\n$/);
      expect(recipes.unfinished()).toEqual([]);
      expect((await vial.ok("images", "--format", "{{.Repository}}:{{.Tag}}")).split("\n")).not.toContain(
        built.tag,
      );
    });
  }

  test("the unpacked archive wrote nothing outside", async () => {
    const folder = recipes.context({});
    writeFileSync(`${folder}/evil.tar`, escapingTar());
    await recipes.build("FROM busybox\nADD evil.tar /x/", { folder });
    expect(existsSync("/tmp/vial-escaped")).toBe(false);
  });

  test("nothing is left", async () => await recipes.nothingLeft());
});

/** An archive with a link "l -> /tmp", a file below it, and one with dots. */
function escapingTar(): Buffer {
  const folder = recipes.context({ l: { link: "/tmp" }, "real/vial-escaped": "x" });
  const tar = (...words: readonly string[]) => Bun.spawnSync(["tar", ...words], { cwd: folder });
  tar("-cf", "evil.tar", "l");
  for (const name of ["l/vial-escaped", "../../../../../../tmp/vial-escaped"])
    tar("-rPf", "evil.tar", "--transform", `s,^real/.*,${name},`, "real/vial-escaped");
  return readFileSync(`${folder}/evil.tar`);
}

describe.skipIf(why !== undefined)("a build that is stopped", () => {
  const text = "FROM busybox\nRUN echo finished > /one\nRUN echo started; while :; do sleep 1; done";
  const words = (folder: string) => ["build", "--progress", "plain", folder];

  async function startLong(recipe = text) {
    const folder = recipes.context({ Dockerfile: recipe });
    const child = vial.start(words(folder));
    let said = "";
    const reading = (async () => {
      for await (const bytes of child.stderr) said += Buffer.from(bytes).toString();
    })();
    await vial.until("it runs the last step", () => /^#\d+ started$/m.test(said), 30_000);
    return {
      child,
      folder,
      ended: async () => (await Promise.all([child.exited, reading]))[0],
      said: () => said,
    };
  }

  test("^C: nothing is left, the exit code is 130, and finished steps stay cached", async () => {
    const { child, folder, ended, said } = await startLong();
    child.kill("SIGINT");
    expect(await ended()).toBe(130);
    expect(said()).toContain("it was stopped");
    await recipes.nothingLeft();
    const again = await recipes.ok("FROM busybox\nRUN echo finished > /one", { folder });
    expect(again.cached).toBe(1);
  });

  test("SIGTERM does the same, also in a stage beside another", async () => {
    const { child, ended } = await startLong(
      `${text}\nFROM busybox\nRUN --mount=type=cache,target=/c,sharing=locked sleep 1000 & sleep 1000\nCOPY --from=0 /one /`,
    );
    child.kill("SIGTERM");
    expect(await ended()).toBe(130);
    await recipes.nothingLeft();
  });

  test("kill -9: the next build cleans up, and finished steps stay cached", async () => {
    const { child, folder, ended } = await startLong();
    child.kill("SIGKILL");
    await ended();
    const again = await recipes.ok("FROM busybox\nRUN echo finished > /one", { folder });
    expect(again.cached).toBe(1);
    await recipes.nothingLeft();
  });

  test("a stage that fails stops the others", async () => {
    const built = await recipes.build(
      "FROM busybox AS a\nRUN sleep 1000\nFROM busybox AS b\nRUN sleep 0.2; exit 3\nFROM busybox\nCOPY --from=a / /\nCOPY --from=b / /",
    );
    expect(built.code).toBe(1);
    expect(built.err).toContain("exit code 3");
    await recipes.nothingLeft();
  });

  test("a stage that fails stops what others fetch: a pull and a context from git", async () => {
    const asked: string[] = [];
    const never = new Promise<Response>(() => {});
    await using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        return pathname === "/v2/" ? new Response("{}") : never;
      },
    });
    const at = `127.0.0.1:${server.port}`;
    const built = await recipes.build(
      `FROM ${at}/slow:1 AS a\nFROM busybox AS b\nCOPY --from=repo / /\nFROM busybox AS c\nRUN sleep 0.5; exit 3\nFROM busybox\n${["a", "b", "c"].map((name) => `COPY --from=${name} / /`).join("\n")}`,
      { flags: ["--build-context", `repo=http://${at}/repo.git`] },
    );
    expect(built.err).toContain("exit code 3");
    expect(built.code).toBe(1);
    expect(asked).toEqual(
      expect.arrayContaining([expect.stringContaining("/v2/slow/"), "/repo.git/info/refs"]),
    );
    await recipes.nothingLeft();
  });
});

describe.skipIf(why !== undefined)("a disk that is full", () => {
  test("says so, leaves nothing half made, and keeps what was finished", async () => {
    const disk = `${vial.folder}/disk`;
    mkdirSync(disk);
    expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]).exitCode).toBe(0);
    try {
      const env = { VIAL_ROOT: disk };
      const tar = `${vial.folder}/full.tar`;
      await vial.ok("save", "-o", tar, "busybox");
      expect((await vial.call(["load", "-q", "-i", tar], { env })).code).toBe(0);
      const text = "FROM busybox\nRUN echo finished > /one\nRUN head -c 40000000 /dev/zero > /big";
      const inRun = await recipes.build(text, { env });
      expect(inRun.code).toBe(75);
      expect(inRun.err).toMatch(/No space left|I\/O error/);
      expect(inRun.err).toMatch(
        /failed, and the disk of the store is full.* at .*Dockerfile:3 .*vial builder prune/,
      );
      expect(inRun.err).not.toContain("This is a bug");
      const big = recipes.context({ big: Buffer.alloc(40_000_000) });
      const inCopy = await recipes.build("FROM busybox\nCOPY big /", { env, folder: big });
      expect(inCopy.code).not.toBe(0);
      expect(inCopy.err).toMatch(/no space|full/i);
      expect(inCopy.err).not.toContain("This is a bug");
      const again = await recipes.build("FROM busybox\nRUN echo finished > /one", { env });
      expect({ code: again.code, cached: again.cached }).toEqual({ code: 0, cached: 1 });
      const check = await vial.call(["check"], { env });
      expect(check.code).toBe(0);
    } finally {
      await vial.until("it is unmounted", () => Bun.spawnSync(["umount", disk]).exitCode === 0);
    }
  }, 60_000);
});

const user = "vialtestb";
const userWhy = why ?? (Bun.which("newuidmap") === null ? "newuidmap is not here" : undefined);
if (userWhy !== undefined) console.warn(`skipped: builds of an ordinary user, because ${userWhy}`);

describe.skipIf(userWhy !== undefined)("an ordinary user", () => {
  let home: string;
  const asUser = async (...words: readonly string[]) =>
    await vial.command(["setpriv", "--reuid", user, "--regid", user, "--init-groups", ...words], {
      env: { HOME: home, XDG_RUNTIME_DIR: `${home}/run`, VIAL_ROOT: `${home}/store` },
      cwd: home,
      timeout: 60_000,
    });

  beforeAll(async () => {
    chmodSync(`${vial.folder}/..`, 0o755);
    home = `${vial.folder}/home`;
    copyFileSync(vial.program, `${vial.folder}/vial`);
    chmodSync(`${vial.folder}/vial`, 0o755);
    const added = Bun.spawnSync(["useradd", "-m", "-d", home, user]);
    if (added.exitCode !== 0) throw new Error(added.stderr.toString());
    mkdirSync(`${home}/run`, { mode: 0o700 });
    mkdirSync(`${home}/context`);
    await vial.ok("save", "-o", `${home}/busybox.tar`, "busybox");
    writeFileSync(`${home}/context/a`, "a");
    writeFileSync(
      `${home}/context/Dockerfile`,
      "FROM busybox\nCOPY --chown=alice a /a\nRUN --mount=type=cache,target=/c touch /c/x && id -u > /id\nUSER alice\nRUN id -u > /home/alice/id || id -u > /dev/null\nWORKDIR /w\n",
    );
    Bun.spawnSync(["chown", "-R", `${user}:`, home]);
    const loaded = await asUser(`${vial.folder}/vial`, "load", "-q", "-i", `${home}/busybox.tar`);
    if (loaded.code !== 0) throw new Error(loaded.err);
  }, setupTimeout);

  afterAll(() => {
    Bun.spawnSync(["userdel", user]);
    rmSync(home, { recursive: true, force: true });
  });

  test("builds the same image as root", async () => {
    const program = `${vial.folder}/vial`;
    const built = await asUser(program, "build", "-t", "mine", "context");
    expect({ code: built.code, err: built.err }).toEqual({
      code: 0,
      err: expect.stringContaining("Built mine"),
    });
    const again = await asUser(program, "build", "-q", "context");
    expect(again.out).toBe(built.out);
    const byRoot = await vial.ok("build", "-q", `${home}/context`);
    expect(`${byRoot}\n`).toBe(built.out);
    writeFileSync(
      `${home}/context/Secret`,
      'FROM busybox\nRUN --mount=type=secret,id=e,env=E --mount=type=bind,target=/b test "$E" = value && cat /b/a > /dev/null\n',
    );
    writeFileSync(`${home}/value`, "value");
    chmodSync(`${home}/value`, 0o644);
    const secret = await asUser(
      program,
      "build",
      "--secret",
      "id=e,src=value",
      "-f",
      "context/Secret",
      "context",
    );
    expect({ code: secret.code, err: secret.err }).toEqual({
      code: 0,
      err: expect.stringContaining("Built"),
    });
    const shown = await asUser(program, "run", "--rm", "mine", "stat", "-c", "%u", "/a", "/w");
    expect(shown.out).toBe("1000\n1000\n");
  });

  test("a file that may not be read, in a recipe and as one", async () => {
    writeFileSync(`${home}/context/closed`, "x", { mode: 0o600 });
    writeFileSync(`${home}/context/Closed`, "FROM busybox\nCOPY closed /\n");
    const built = await asUser(`${vial.folder}/vial`, "build", "-f", "context/Closed", "context");
    expect(built.code).toBe(1);
    expect(built.err).toMatch(/^> +2 \| COPY closed/m);
    expect(built.err).toMatch(/closed.*(?:may not be read|permission)/i);
    expect(built.err).not.toContain("This is a bug");
    const recipe = await asUser(`${vial.folder}/vial`, "build", "-f", "context/closed", "context");
    expect(recipe.code).toBe(1);
    expect(recipe.err).not.toContain("This is a bug");
    expect(recipe.err).toContain("context/closed");
  });
});
