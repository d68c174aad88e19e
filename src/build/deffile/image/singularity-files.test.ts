// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell texts, not templates
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerDefaults } from "#spec";
import { readDeffile } from "../deffile.ts";
import { parseDeffile } from "../parse.ts";
import { postScripts } from "../post.ts";
import type { ImageEntry } from "./entry.ts";
import { buildLabels, mergeLabels, printLabels } from "./label-file.ts";
import { ociFiles } from "./oci.ts";
import { finishSingularityFiles, prepareSingularityFiles } from "./singularity-files.ts";

const folder = mkdtempSync(join(tmpdir(), "vial-image-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const definition = `Bootstrap: docker
From: debian:12
%environment
    export GREETING="from the image"
%runscript
    echo "run: $GREETING: $*"
%startscript -e
    echo start "$@"
%test
    #!/bin/sh -u
    echo tested
%help
    Some help.
%apprun two-x
    echo "app $SCIF_APPNAME in $SCIF_APPROOT: $*"
%appenv two-x
    export OF_APP=1
%appinstall two-x
    echo installed >done
`;

function filesOf(text: string, config?: ContainerDefaults): readonly ImageEntry[] {
  const read = readDeffile(parseDeffile(text));
  const stage = read.stages.at(-1)!;
  const facts = { architecture: "amd64", date: new Date("2026-11-23T20:07:00Z") };
  const labels = buildLabels(stage.header, facts, stage.help !== undefined);
  return [
    ...prepareSingularityFiles(stage, config),
    ...finishSingularityFiles({ stage, definition: read.definition, labels, history: ["old\n"] }),
  ];
}

const contentOf = (entries: readonly ImageEntry[], path: string): string => {
  const found = entries.findLast((entry) => entry.path === path);
  return found?.kind === "file" ? found.content : `no file ${path}`;
};

/** Writes the files below a folder, and lets them look for each other there. */
function install(name: string, entries: readonly ImageEntry[]): string {
  const root = join(folder, name);
  for (const entry of entries) {
    if (!/^\/(\.singularity\.d|scif)/.test(entry.path)) continue;
    const path = join(root, entry.path);
    if (entry.kind === "folder") mkdirSync(path, { recursive: true });
    if (entry.kind !== "file") continue;
    mkdirSync(join(path, ".."), { recursive: true });
    const options = { flag: entry.existing === "append" ? "a" : "w" };
    writeFileSync(
      path,
      entry.content.replaceAll(/(?<=[^A-Za-z])\/(\.singularity\.d|scif)\b/g, `${root}/$1`),
      options,
    );
    chmodSync(path, entry.mode);
  }
  return root;
}

function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...argv], {
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
  });
  return `${stdout.toString()}${stderr.toString()}${exitCode === 0 ? "" : `exit ${exitCode}\n`}`;
}

describe("the files of /.singularity.d", () => {
  const config: ContainerDefaults = {
    Env: ["PATH=/opt/bin:/usr/bin:/bin", "A=it's $HOME `x`", "B-C=no", "GREETING=of OCI"],
    Entrypoint: ["echo"],
    Cmd: ["$HOME", 'a "b"', "c\\d", "\\$E"],
  };
  const entries = filesOf(definition, config);

  test("are the same every time, each with a place for it", () => {
    expect(filesOf(definition, config)).toEqual(entries);
    const folders = new Set(entries.filter((entry) => entry.kind === "folder").map((entry) => entry.path));
    const homeless = entries.filter(({ path }) => {
      const parent = path.slice(0, path.lastIndexOf("/"));
      return parent !== "" && !folders.has(parent);
    });
    expect(homeless).toEqual([]);
  });

  test("are named as the runtimes expect", () => {
    const paths = entries.filter(({ path }) => path.startsWith("/.singularity.d/")).map(({ path }) => path);
    expect([...new Set(paths)].sort()).toEqual(
      [
        ...[
          "Singularity",
          "actions",
          "bootstrap_history",
          "bootstrap_history/Apptainer0",
          "env",
          "labels.json",
          "libs",
        ],
        ...["actions/exec", "actions/run", "actions/shell", "actions/start", "actions/test"],
        ...["01-base.sh", "10-docker2singularity.sh", "90-environment.sh", "91-environment.sh"].map(
          (name) => `env/${name}`,
        ),
        ...["94-appsbase.sh", "95-apps.sh", "99-base.sh", "99-runtimevars.sh"].map((name) => `env/${name}`),
        ...["runscript", "runscript.help", "startscript", "test"],
      ]
        .map((name) => `/.singularity.d/${name}`)
        .sort(),
    );
    const links = entries.flatMap((entry) =>
      entry.kind === "link" ? [`${entry.path} ${entry.target}`] : [],
    );
    expect(links.sort()).toEqual([
      "/.exec .singularity.d/actions/exec",
      "/.run .singularity.d/actions/run",
      "/.shell .singularity.d/actions/shell",
      "/.test .singularity.d/actions/test",
      "/environment .singularity.d/env/90-environment.sh",
      "/singularity .singularity.d/runscript",
    ]);
  });

  test("begin as their sections say", () => {
    expect(contentOf(entries, "/.singularity.d/startscript")).toBe('#!/bin/sh -e\n\n    echo start "$@"\n');
    expect(contentOf(entries, "/.singularity.d/test")).toBe("#!/bin/sh -u\n\n    echo tested\n");
    expect(contentOf(entries, "/.singularity.d/Singularity")).toBe(definition);
  });

  for (const shell of [["dash"], ["bash"], ["busybox", "sh"]])
    test.skipIf(Bun.which(shell[0]!) === null)(
      `are scripts that ${shell[0]} reads (skipped without it)`,
      () => {
        const root = install(`read-${shell[0]}`, entries);
        const scripts = entries.filter((entry) => entry.kind === "file" && entry.mode === 0o755);
        for (const { path } of scripts.filter((entry) => entry.path.startsWith("/")))
          expect(run([...shell, "-n", join(root, path)])).toBe("");
      },
    );

  const root = install("run", entries);
  const action = (name: string) => join(root, ".singularity.d/actions", name);

  test("run the runscript with the image's environment", () => {
    expect(run([action("run"), "a", "b c"], { GREETING: "of the host" })).toBe(
      "run: from the image: a b c\n",
    );
    expect(run([action("start"), "x"])).toBe("start x\n");
    expect(run([action("test")])).toBe("tested\n");
  });

  test("set variables of the OCI image where nobody did before", () => {
    expect(run([action("exec"), "sh", "-c", 'echo "$A" "$PATH" "$LD_LIBRARY_PATH"'])).toBe(
      `it's $HOME \`x\` /opt/bin:/usr/bin:/bin ${root}/.singularity.d/libs\n`,
    );
    expect(run([action("exec"), "sh", "-c", "echo $A $SINGULARITY_NAME"], { A: "mine" })).toBe("mine vial\n");
    expect(
      run([action("exec"), "sh", "-c", "echo $PATH"], {
        SINGULARITYENV_PREPEND_PATH: "/first",
        APPTAINERENV_APPEND_PATH: "/last",
      }),
    ).toBe("/first:/opt/bin:/usr/bin:/bin:/last\n");
    expect(run([action("exec")])).toBe("exec: which program?\nexit 255\n");
    expect(run([action("exec"), "sh", "-c", "exit 7"])).toBe("exit 7\n");
  });

  test("run an app by its name", () => {
    const env = { SINGULARITY_APPNAME: "two-x" };
    expect(run([action("run"), "q"], env)).toBe(`app two-x in ${root}/scif/apps/two-x: q\n`);
    expect(run([action("exec"), "sh", "-c", "echo $OF_APP ${PATH%%:*} $SCIF_APPRUN_two_x"], env)).toBe(
      `1 ${root}/scif/apps/two-x/bin ${root}/scif/apps/two-x/scif/runscript\n`,
    );
    expect(run([action("run")], { APPTAINER_APPNAME: "none" })).toBe(
      "Could not locate the container application: none\nexit 1\n",
    );
  });

  test("open the shell that is asked for", () => {
    const env = { SINGULARITY_SHELL: "/bin/echo" };
    expect(run([action("shell"), "-c", "x"], env)).toBe("-c x\n");
  });

  test("install apps behind %post, in the same shell", () => {
    const stage = readDeffile(parseDeffile(definition)).stages[0]!;
    const [post] = postScripts(stage);
    expect(post?.text).toContain("cd /scif/apps/two-x\n    echo installed >done\n\ncd /\n");
    const other = readDeffile(parseDeffile(`${definition}%post -c /usr/bin/python3\n    print(1)\n`))
      .stages[0]!;
    expect(postScripts(other).map(({ shell }) => shell.command[0])).toEqual(["/usr/bin/python3", "/bin/sh"]);
  });
});

describe("the runscript of an OCI image", () => {
  const runscript = (defaults: ContainerDefaults, args: readonly string[], env = {}) => {
    const path = join(folder, "runscript");
    writeFileSync(path, contentOf(ociFiles(defaults), "/.singularity.d/runscript"));
    return run(["sh", path, ...args], { HOME: "/home/me", ...env });
  };
  const print = { Entrypoint: ["printf", "<%s>\\n"] };

  test("puts Cmd behind Entrypoint, or the arguments in its place", () => {
    expect(runscript({ ...print, Cmd: ["a b", "c"] }, [])).toBe("<a b>\n<c>\n");
    expect(runscript({ ...print, Cmd: ["a b", "c"] }, ["x  y", ""])).toBe("<x  y>\n<>\n");
    expect(runscript({ Cmd: ["echo", "c"] }, [])).toBe("c\n");
    expect(runscript({ Cmd: ["echo", "c"] }, ["echo", "d"])).toBe("d\n");
  });

  test("evaluates the words once more, unless told not to", () => {
    const words = ["$HOME", "$(echo x)", 'a"b', "it's", "C:\\dir\\", "\\$HOME", "*", "a;b"];
    expect(runscript(print, words)).toBe(
      "</home/me>\n<x>\n<a\"b>\n<it's>\n<C:\\dir\\>\n<$HOME>\n<*>\n<a;b>\n",
    );
    const plain = words.map((word) => `<${word}>\n`).join("");
    expect(runscript(print, words, { SINGULARITY_NO_EVAL: "1" })).toBe(plain);
    expect(runscript(print, words, { APPTAINER_NO_EVAL: "1" })).toBe(plain);
  });

  test("is not there without a command, or when it would start itself", () => {
    for (const defaults of [{}, { Entrypoint: ["/.singularity.d/actions/run"], Cmd: ["x"] }])
      expect(ociFiles(defaults).map(({ path }) => path)).toEqual([
        "/.singularity.d/env/10-docker2singularity.sh",
      ]);
  });
});

describe("labels", () => {
  test("are written sorted, with tabs", () => {
    expect(
      printLabels(
        new Map([
          ["b", 'say "x"'],
          ["10", ""],
          ["A", "é"],
        ]),
      ),
    ).toBe('{\n\t"10": "",\n\t"A": "é",\n\t"b": "say \\"x\\""\n}');
    expect(printLabels(new Map())).toBe("{}");
  });

  test("of the build name the header and the time of the inputs", () => {
    const stage = readDeffile(parseDeffile(definition)).stages[0]!;
    const labels = buildLabels(stage.header, { architecture: "arm64", date: new Date(0) }, true);
    expect(labels.get("org.label-schema.build-date")).toBe("Thursday_1_January_1970_0:0:0_UTC");
    expect(labels.get("org.label-schema.usage.singularity.deffile.from")).toBe("debian:12");
    expect(labels.get("org.label-schema.usage")).toBe("/.singularity.d/runscript.help");
  });

  test("of the base stay, unless forced", () => {
    const base = new Map([
      ["a", "1"],
      ["b", "1"],
    ]);
    const own = new Map([
      ["a", "2"],
      ["b", "1"],
      ["c", "2"],
    ]);
    expect(mergeLabels(base, own, { force: false })).toEqual({
      labels: new Map([
        ["a", "1"],
        ["b", "1"],
        ["c", "2"],
      ]),
      kept: ["a"],
    });
    expect(mergeLabels(base, own, { force: true }).labels.get("a")).toBe("2");
  });
});
