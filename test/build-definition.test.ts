// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the recipe's variables

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type BuildCall, type Built, openRecipes } from "./recipe.ts";

// Definition files: what each section does to the image, and that %post in steps is %post in one.

const { why, vial, recipes } = await openRecipes("definition files");

const head = "Bootstrap: docker\nFrom: busybox\n";

async function ok(text: string, call: BuildCall = {}): Promise<Built> {
  return await recipes.ok(text, { name: "recipe.def", ...call });
}

async function fails(text: string, call: BuildCall = {}): Promise<Built> {
  const built = await recipes.build(text, { name: "recipe.def", ...call });
  expect(built.code).not.toBe(0);
  expect(built.err).not.toContain("This is a bug");
  expect(built.err).toMatch(/\[next: .*\]\n$/);
  expect(recipes.unfinished()).toEqual([]);
  return built;
}

describe.skipIf(why !== undefined)("the sections", () => {
  test("all of them, in Apptainer's order, and the image runs", async () => {
    const { tag, folder } = await ok(
      `${head}
%arguments
  WHO=nobody
%pre
  echo pre > pre-was-here
%setup
  echo setup > $APPTAINER_ROOTFS/setup
  test "$SINGULARITY_ROOTFS" = "$APPTAINER_ROOTFS"
%files
  a /opt/a
  b
%environment
  export GREETING="hello {{ WHO }}"
%post
  test -f /opt/a && test -f /setup && test -f /b
  echo 'export LATE=late' >> $APPTAINER_ENVIRONMENT
  echo "made.by post" >> $APPTAINER_LABELS
  echo "{{ WHO }}" > /who
%runscript
  echo "run $GREETING $LATE $*"
%startscript
  echo started
%test
  test "$(cat /who)" = world
%labels
  author somebody
%help
  Helpful.
`,
      { files: { a: "A", b: "B" }, flags: ["--build-arg", "WHO=world"] },
    );
    expect(readFileSync(`${folder}/pre-was-here`, "utf8")).toBe("pre\n");
    const tree = await recipes.tree(tag);
    expect(tree.get("opt/a")).toBe("f 644 0:0 A");
    expect(tree.get("b")).toBe("f 644 0:0 B");
    expect(tree.get("setup")).toBe("f 644 0:0 setup\n");
    expect(tree.get("who")).toMatch(/ 0:0 world\n$/);
    expect(tree.get(".singularity.d/runscript.help")).toContain("Helpful.");
    const labels = JSON.parse((tree.get(".singularity.d/labels.json") ?? "").replace(/^f \d+ 0:0 /, ""));
    expect(labels).toMatchObject({ author: "somebody", "made.by": "post" });
    expect(tree.get(".singularity.d/Singularity")).toContain("%runscript");
    expect(tree.has(".vial-post") || tree.has(".build.labels")).toBe(false);
    expect(await vial.ok("run", "--rm", tag, "x", "y")).toBe("run hello world late x y");
    expect((await recipes.config(tag)).Labels).toMatchObject({ author: "somebody", "made.by": "post" });
  });

  test("%files: globs, folders, links, names with blanks, from a stage, and a missing one", async () => {
    const files = { "d/x": "x", "d/y": "y", "d/l": { link: "x" }, "one two": "12", g1: "1", g2: "2" };
    const { tag } = await ok(
      `Bootstrap: docker
From: busybox
Stage: first
%post
  mkdir -p /made/deep; echo made > /made/deep/f; ln -s f /made/deep/l

${head}Stage: last
%files from first
  /made/deep /taken
  /made/deep/f /single
%files
  d /folder
  d/* /globbed/
  g? /
  "one two" "/with blank"
`,
      { files },
    );
    const tree = await recipes.tree(tag);
    const at = (...paths: readonly string[]) =>
      paths.map((path) => tree.get(path)?.replace(/^(.) \d+ /, "$1 "));
    expect(at("folder/x", "globbed/x", "globbed/y", "g1", "g2", "with blank", "single", "taken/f")).toEqual([
      "f 0:0 x",
      "f 0:0 x",
      "f 0:0 y",
      "f 0:0 1",
      "f 0:0 2",
      "f 0:0 12",
      "f 0:0 made\n",
      "f 0:0 made\n",
    ]);
    // Links of the host are followed, those of a stage are kept.
    expect(at("folder/l", "taken/l")).toEqual(["f 0:0 x", "l 0:0 f"]);
    const missing = await fails(`${head}%files\n  nothing /x\n`);
    expect(missing.err).toMatch(/^> +4 \|/m);
    const stage = await fails(`${head}Stage: a\n\n${head}Stage: b\n%files from c\n  /x\n`);
    expect(stage.err).toContain('"c"');
  });

  test("apps get their folders, scripts and environment", async () => {
    const { tag } = await ok(
      `${head}%appinstall one
  echo installed > "$SCIF_APPROOT/made"
%appfiles one
  a file
%appenv one
  export ONE=1
%apprun one
  exec echo "one $ONE"
%applabels one
  v 1
%apphelp one
  About one.
%apptest one
  true
`,
      { files: { a: "A" } },
    );
    const tree = await recipes.tree(tag);
    expect(tree.get("scif/apps/one/made")).toMatch(/installed\n$/);
    expect(tree.get("scif/apps/one/file")).toMatch(/^f 644 0:0 A$/);
    expect(tree.get("scif/apps/one/scif/runscript")).toContain("one $ONE");
    expect(tree.get("scif/apps/one/scif/env/90-environment.sh")).toContain("ONE=1");
  });

  test("%test that fails stops the build, --notest leaves it out, and what it writes is forgotten", async () => {
    const failing = await fails(`${head}%test\n  echo checking\n  exit 3\n`);
    expect(failing.err).toContain("exit code 3");
    expect(failing.err).toContain("checking");
    expect(failing.err).toMatch(/^> +4 \|/m);
    await ok(`${head}%test\n  exit 3\n`, { flags: ["--notest"] });
    const { tag } = await ok(`${head}%test\n  touch /by-test\n`);
    expect((await recipes.tree(tag)).has("by-test")).toBe(false);
  });

  test("%pre, %setup and %post that fail say where", async () => {
    const pre = await fails(`${head}%pre\n  echo nearly; exit 7\n`);
    expect(pre.err).toContain("7");
    expect(pre.err).toContain("nearly");
    const setup = await fails(`${head}%setup\n  false\n`);
    expect(setup.err).toContain("%setup");
    const post = await fails(`${head}%post\n  echo before\n  ls /nothing\n  echo behind\n`);
    expect(post.err).toMatch(/^> +5 \| {3}ls \/nothing/m);
    expect(post.err).toContain("No such file");
    expect(post.err).not.toContain("behind\n#");
  });

  test("arguments: from words and a file, a default, and one that is missing or not taken", async () => {
    const text = `${head}%arguments\n  A=default\n  B=default\n  C=default\n%post\n  echo "{{ A }} {{ B }} {{ C }}" > /args\n`;
    const file = `${vial.folder}/args`;
    writeFileSync(file, "# values\nA=file\nB=file\n");
    const { tag } = await ok(text, { flags: ["--build-arg-file", file, "--build-arg", "A=word"] });
    expect((await recipes.tree(tag)).get("args")).toMatch(/ word file default\n$/);
    const missing = await fails(`${head}%post\n  echo {{ NONE }}\n`);
    expect(missing.err).toContain("NONE");
    const unused = await fails(text, { flags: ["--build-arg", "AA=1"] });
    expect(unused.err).toContain("AA");
    const absent = await fails(text, { flags: ["--build-arg-file", "/no/such/args"] });
    expect(absent.err).toContain("/no/such/args");
  });
});

describe.skipIf(why !== undefined)("%post in steps", () => {
  const lines = [
    "mkdir -p /work/sub",
    "cd /work",
    "export KEPT='two words'",
    "LOCAL=unexported",
    'say() { echo "said $1"; }',
    "set -u",
    "umask 077",
    'echo "$KEPT $LOCAL" > vars',
    "say hi > said",
    "touch private; cd sub; pwd > here",
    "for name in a b; do",
    "  echo $name > $name",
    "done",
    "ln a hard; ln -s a soft; chown 1000:50 b; chmod 4755 b",
    "rm /opt/not-executable; mkdir /opt/new",
  ];
  const recipe = (...more: readonly string[]) =>
    `${head}%post\n${[...lines, ...more].map((line) => `  ${line}`).join("\n")}\n`;

  test("an edit of the last command runs it alone, and a clean build gives the same files", async () => {
    await ok(recipe("echo old > /last"));
    const edited = await ok(recipe("echo new > /last"));
    expect(edited.err.match(/^#\d+ %post \d+\/\d+ /gm)?.length).toBeGreaterThan(10);
    const fresh = edited.err.split("\n").filter((line) => /^#\d+ DONE/.test(line)).length;
    // The base, the last command, and the files of /.singularity.d, which hold the recipe.
    expect(fresh).toBe(3);
    const clean = await ok(recipe("echo new > /last"), { flags: ["--no-cache"] });
    expect(clean.cached).toBe(0);
    expect(clean.out).toBe(edited.out);
    const tree = await recipes.tree(edited.tag);
    expect(Object.fromEntries([...(await recipes.tree(clean.tag))])).toEqual(Object.fromEntries([...tree]));
    // And so does one shell that runs it all: a trap is what keeps it whole.
    const whole = await ok(
      recipe("echo new > /last", "trap - EXIT").replace("%post\n", "%post\n  trap - EXIT\n"),
    );
    expect(whole.err).toMatch(/warning: .*%post/);
    const other = await recipes.tree(whole.tag);
    const files = (one: typeof tree) =>
      Object.fromEntries([...one].filter(([path]) => !path.startsWith(".singularity.d")));
    expect(files(other)).toEqual(files(tree));
    expect(tree.get("work/vars")).toBe("f 600 0:0 two words unexported\n");
    expect(tree.get("work/said")).toBe("f 600 0:0 said hi\n");
    expect(tree.get("work/sub/here")).toBe("f 600 0:0 /work/sub\n");
    expect(tree.get("work/sub/b")).toBe("f 4755 1000:50 b\n");
    expect(tree.has("opt/not-executable")).toBe(false);
  });

  test("a trap that is set by a command nobody sees through falls back to one step, and says so", async () => {
    const { tag, err } = await ok(
      `${head}%post\n  echo first > /first\n  echo 'trap "echo bye > /bye" EXIT' > /t.sh\n  . /t.sh\n  echo end > /end\n`,
    );
    expect(err).toMatch(/warning: .*%post/);
    expect((await recipes.tree(tag)).get("bye")).toMatch(/bye\n$/);
  });

  test("exit 0 ends it early; a failing command ends the build there, and what came before is kept", async () => {
    const { tag } = await ok(`${head}%post\n  echo 1 > /1\n  exit 0\n  echo 2 > /2\n`);
    const tree = await recipes.tree(tag);
    expect([tree.has("1"), tree.has("2")]).toEqual([true, false]);
    await fails(`${head}%post\n  echo slow > /slow\n  false\n`);
    const mended = await ok(`${head}%post\n  echo slow > /slow\n  true\n`);
    expect(mended.err).toMatch(/^#(\d+) %post 1\/2 echo slow.*\n#\1 CACHED$/m);
  });

  test("another shell and another language", async () => {
    const awk = await ok(`${head}%post -c /bin/awk -f\n  BEGIN { print "awk" > "/awk" }\n`);
    expect((await recipes.tree(awk.tag)).get("awk")).toMatch(/ awk\n$/);
    const none = await fails(`${head}%post -c /bin/nothing\n  x\n`);
    expect(none.err).toContain("/bin/nothing");
  });
});

describe.skipIf(why !== undefined)("the agents", () => {
  const post = "%post\n  echo built > /built\n";

  test("scratch, busybox, and files of a scratch", async () => {
    const empty = await ok("Bootstrap: scratch\n%files\n  a /a\n", { files: { a: "A" } });
    expect((await recipes.tree(empty.tag)).get("a")).toBe("f 644 0:0 A");
    const { tag } = await ok(`Bootstrap: busybox\n${post}`);
    const tree = await recipes.tree(tag);
    expect(tree.get("built")).toMatch(/ built\n$/);
    expect(tree.get("bin/sh")).toBe("l 0:0 busybox");
  });

  test("oci-archive, docker-archive, oci and localimage of a folder; no name of the store moves", async () => {
    const at = `${vial.folder}/agents`;
    mkdirSync(at);
    const other = recipes.context({ Dockerfile: "FROM busybox\nRUN echo other > /other" });
    const outputs = ["-o", `type=oci,dest=${at}/oci.tar`, "-o", `type=docker,dest=${at}/docker.tar`];
    await vial.ok("build", "-q", "-t", "moved", ...outputs, "-o", `type=local,dest=${at}/folder`, other);
    await vial.ok("tag", "busybox", "moved");
    mkdirSync(`${at}/layout`);
    Bun.spawnSync(["tar", "-xf", `${at}/oci.tar`, "-C", `${at}/layout`]);
    const before = await vial.ok("image", "inspect", "--format", "{{.Id}}", "moved");
    for (const [agent, from] of [
      ["oci-archive", `${at}/oci.tar`],
      ["docker-archive", `${at}/docker.tar`],
      ["oci", `${at}/layout`],
      ["localimage", `${at}/folder`],
    ]) {
      const { tag } = await ok(`Bootstrap: ${agent}\nFrom: ${from}\n${post}`);
      const tree = await recipes.tree(tag);
      expect([agent, tree.get("other"), tree.get("built")?.slice(-6)]).toEqual([
        agent,
        "f 644 0:0 other\n",
        "built\n",
      ]);
    }
    expect(await vial.ok("image", "inspect", "--format", "{{.Id}}", "moved")).toBe(before);
  });

  test("what cannot be done says what would be needed", async () => {
    for (const [header, says] of [
      ["Bootstrap: yum\nMirrorURL: http://x.invalid", "dnf"],
      ["Bootstrap: library\nFrom: x", "library"],
      ["Bootstrap: shub\nFrom: x", "Singularity Hub"],
      ["Bootstrap: docker-daemon\nFrom: x", "docker save"],
      ["Bootstrap: dokcer\nFrom: busybox", 'did you mean "docker"?'],
      ["Bootstrap: oras\nFrom: x.invalid/y\nFingerprints: 0123", "signatures"],
      ["Bootstrap: localimage\nFrom: /no/such.sif", "/no/such.sif"],
      ["Bootstrap: oci-archive\nFrom: /no/such.tar", "/no/such.tar"],
    ] as const) {
      const { err } = await fails(`${header}\n`);
      expect(err).toContain(says);
      expect(err).toMatch(/^> +[12] \|/m);
    }
    const section = await fails(`${head}%psot\n  true\n`);
    expect(section.err).toContain("%post");
  });
});

describe.skipIf(why !== undefined)("a build that is stopped", () => {
  test("^C in %post leaves nothing, and finished commands stay cached", async () => {
    const text = (last: string) => `${head}%post\n  echo 1 > /1\n  ${last}\n`;
    const folder = recipes.context({ "recipe.def": text("while :; do sleep 1; done") });
    const child = vial.start(["build", "--progress", "plain", "-f", `${folder}/recipe.def`, folder]);
    let said = "";
    const reading = (async () => {
      for await (const bytes of child.stderr) said += Buffer.from(bytes).toString();
    })();
    await vial.until("it runs the second command", () => said.includes("%post 2/2"));
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    await reading;
    await recipes.nothingLeft();
    const again = await ok(text("true"), { folder });
    expect(again.err).toMatch(/^#(\d+) %post 1\/2 .*\n#\1 CACHED$/m);
  });

  test("nothing is left of all these builds", async () => {
    await recipes.nothingLeft();
    expect(existsSync(`${vial.root}/build/steps`)).toBe(true);
  });
});
