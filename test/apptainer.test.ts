import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type As, openPerson, type Person } from "./person.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Vial under the names of Apptainer, as scripts call it: by root, and by an ordinary user for whom a SIF file is mounted by
// FUSE (the test gives a /dev/fuse for all, in a mount namespace).

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: Apptainer's command line, because ${why}`);

const minutes = 60_000;
let vial: TestVial;
let bin: string;
let home: string;
let user: string;
let person: Person;
let sif: string;
let box: string;

const recipe = `Bootstrap: docker
From: busybox
%labels
    Author ada
%post
    echo from the image > /data
    mkdir -p /opt/there
%environment
    export OF_IMAGE=image
    export BOTH=image
%runscript
    for word; do echo "<$word>"; done
%startscript
    echo started
%test
    echo tested
%help
    helps
%apprun tool
    echo "the tool $1"
%applabels tool
    Kind hammer
`;

type Run = Person["asUser"];

const path = () => ({ PATH: `${bin}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` });

const asRoot: Run = async ([program = "", ...words], { env, ...as } = {}) =>
  await person.asRoot(words, { ...as, program, env: { ...path(), ...env } });

const asUser: Run = async ([program = "", ...words], { env, ...as } = {}) =>
  await person.asUser(words, { ...as, program, fuse: true, env: { ...path(), ...env } });

const ways: readonly (readonly [string, Run])[] = [
  ["root", asRoot],
  ["an ordinary user", asUser],
];

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  person = openPerson(vial, "vialapp");
  ({ home, user } = person);
  bin = `${vial.folder}/bin`;
  mkdirSync(bin);
  for (const name of ["vial", "apptainer", "singularity", "run-singularity"])
    symlinkSync(person.program, `${bin}/${name}`);
  [sif, box] = [`${vial.folder}/x.sif`, `${vial.folder}/box`];
  writeFileSync(`${vial.folder}/x.def`, recipe);
  const { code, err } = await asRoot(["apptainer", "build", sif, `${vial.folder}/x.def`]);
  if (code !== 0) throw new Error(err);
  const made = await asRoot(["singularity", "--quiet", "build", "--sandbox", box, sif]);
  if (made.code !== 0) throw new Error(made.err);
}, setupTimeout);

afterAll(async () => {
  if (vial === undefined) return;
  person?.close();
  await vial.close();
}, setupTimeout);

describe.skipIf(why !== undefined).each(ways)("apptainer, called by %s", (_name, run) => {
  const isRoot = run === asRoot;
  const out = async (words: readonly string[], as?: As) => {
    const { code, out: said, err } = await run(words, as);
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${err}`);
    return said.trim();
  };
  const exec = async (...words: readonly string[]) => await out(["apptainer", "exec", ...words]);

  test("exec is the caller, in the caller's folder; words keep their quotes", async () => {
    const uid = isRoot ? "0" : Bun.spawnSync(["id", "-u", user]).stdout.toString().trim();
    expect(await exec(sif, "id", "-u")).toBe(uid);
    expect(await exec(sif, "pwd")).toBe(home);
    expect(await exec(sif, "sh", "-c", `echo "a  'b'" '$HOME "c"'; echo "$1|$2"`, "x", "1 2", "*")).toBe(
      `a  'b' $HOME "c"\n1 2|*`,
    );
  });

  test("gives the program's code; 255 for what could not be done, 1 for words that cannot be read", async () => {
    expect((await run(["apptainer", "exec", sif, "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await run(["apptainer", "exec", sif, "sh", "-c", "kill -KILL $$"])).code).toBe(137);
    for (const words of [
      [sif, "no-such-program"],
      [sif, "/data"],
      ["nowhere.sif", "true"],
      ["--bind", "/no/such", sif, "true"],
      ["--nvccli", sif, "true"],
    ]) {
      const { code, err } = await run(["apptainer", "exec", ...words]);
      expect([words, code]).toEqual([words, 255]);
      expect(err).toStartWith("FATAL:   ");
    }
    const wrong = await run(["apptainer", "exec", "--bogus", sif, "true"]);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toStartWith('Error for command "exec": unknown flag: --bogus\n');
    expect((await run(["apptainer", "bogus"])).code).toBe(1);
  });

  test("a pipe reaches the program, and its output stays clean", async () => {
    const said = await run(["apptainer", "exec", sif, "wc", "-c"], { input: "12345" });
    expect([said.out.trim(), said.err]).toEqual(["5", ""]);
    expect(
      await out([
        "sh",
        "-c",
        `printf 'b\\na\\n' | apptainer exec "$0" sort | apptainer exec "$0" head -n 1`,
        sif,
      ]),
    ).toBe("a");
  });

  test("short options act: -B -c -e -C -H -W -S --pwd, joined too", async () => {
    mkdirSync(`${home}/data`, { recursive: true });
    writeFileSync(`${home}/data/note`, "noted\n");
    expect(
      await exec(
        "-B",
        `${home}/data:/mnt,${home}/data/note:/new/note:ro`,
        sif,
        "cat",
        "/mnt/note",
        "/new/note",
      ),
    ).toBe("noted\nnoted");
    expect(await exec(`--bind=${home}/data:/opt/there`, sif, "cat", "/opt/there/note")).toBe("noted");
    expect(await exec("--pwd", "/opt", sif, "pwd")).toBe("/opt");
    expect(await exec("--cwd", "/opt", sif, "pwd")).toBe("/opt");
    expect(await exec("-c", "--no-home", sif, "ls", "-A", "/tmp", "/var/tmp")).toBe("/tmp:\n\n/var/tmp:");
    expect(await exec("-S", "/scratch", sif, "sh", "-c", "echo 1 > /scratch/x && cat /scratch/x")).toBe("1");
    expect(await exec("-H", `${home}/data:/home/other`, sif, "sh", "-c", "cat $HOME/note")).toBe("noted");
    expect(await exec("-p", "--no-init", sif, "sh", "-c", "echo $$")).toBe("1");
    // Process 1 clears up after the others, as Apptainer's does.
    expect(await exec("-p", sif, "sh", "-c", "echo $$")).toBe("2");
    expect(await exec("--hostname", "node7", sif, "hostname")).toBe("node7");
    expect(await exec("--dns", "192.0.2.1,192.0.2.2", sif, "cat", "/etc/resolv.conf")).toBe(
      "nameserver 192.0.2.1\nnameserver 192.0.2.2",
    );
    const both = await out(
      ["apptainer", "exec", "-ceB", `${home}/data:/mnt`, sif, "sh", "-c", 'echo "$OF_HOST" $(ls /mnt)'],
      {
        env: { OF_HOST: "host" },
      },
    );
    expect(both).toBe("note");
  });

  test("the environment: APPTAINERENV_, SINGULARITYENV_, --env, --cleanenv, --containall", async () => {
    const env = {
      OF_HOST: "host",
      BOTH: "host",
      APPTAINERENV_GIVEN: "new",
      SINGULARITYENV_GIVEN: "old",
      SINGULARITYENV_OLD: "old",
      APPTAINERENV_PREPEND_PATH: "/first",
    };
    const look = ["sh", "-c", 'echo "$OF_HOST|$BOTH|$OF_IMAGE|$GIVEN|$OLD|$X|$PATH" | cut -d: -f1'];
    expect(await out(["apptainer", "exec", "--env", "X=1 2", sif, ...look], { env })).toBe(
      "host|image|image|new|old|1 2|/first",
    );
    expect(await out(["apptainer", "exec", "--cleanenv", sif, ...look], { env })).toBe(
      "|image|image|new|old||/first",
    );
    expect(
      await out(
        [
          "apptainer",
          "exec",
          "--containall",
          "--no-home",
          sif,
          "sh",
          "-c",
          'echo "$OF_HOST|$$|$(ls -A /tmp)"',
        ],
        {
          env,
        },
      ),
    ).toBe("|2|");
  });

  test("variables stand for options; the new prefix wins, and the old one is told of", async () => {
    const bound = { SINGULARITY_BIND: `${home}:/a`, APPTAINER_NO_MOUNT: "tmp" };
    const said = await run(["apptainer", "exec", sif, "ls", "-d", "/a"], { env: bound });
    expect(said.out.trim()).toBe("/a");
    expect(said.err).toBe(
      "INFO:    Environment variable SINGULARITY_BIND is set, but APPTAINER_BIND is preferred\n",
    );
    expect((await run(["singularity", "exec", sif, "ls", "-d", "/a"], { env: bound })).err).toBe("");
    const two = { SINGULARITY_HOSTNAME: "old", APPTAINER_HOSTNAME: "new" };
    const warned = await run(["apptainer", "-q", "exec", sif, "hostname"], { env: two });
    expect(warned.out.trim()).toBe("new");
    expect(warned.err).toStartWith("WARNING: ");
    expect((await run(["apptainer", "-s", "exec", sif, "hostname"], { env: two })).err).toBe("");
    const all = { APPTAINER_CONTAINALL: "true", OF_HOST: "host" };
    expect(await out(["apptainer", "exec", sif, "sh", "-c", 'echo "$$ $OF_HOST"'], { env: all })).toBe("2");
    expect((await run(["apptainer", "exec", sif, "true"], { env: { APPTAINER_NVCCLI: "1" } })).code).toBe(
      255,
    );
  });

  test("run, test, run-help and shell; a SIF file runs by itself", async () => {
    expect(await out(["apptainer", "run", sif, "a", "b  c"])).toBe("<a>\n<b  c>");
    expect(await out([sif, "-c", "d e"])).toBe("<-c>\n<d e>");
    expect(await out(["sh", "-c", "../x.sif 'q \"r\"' < /dev/null"])).toBe('<q "r">');
    expect(await out(["apptainer", "run", "--app", "tool", sif, "x"])).toBe("the tool x");
    expect(await out(["apptainer", "test", sif])).toBe("tested");
    expect(await out(["apptainer", "run-help", sif])).toBe("helps");
    expect(await out(["apptainer", "shell", sif], { input: "echo $OF_IMAGE; exit\n" })).toBe("image");
    const prompts = ["apptainer", "singularity"].map((name) =>
      out([name, "shell", sif], { input: "echo $PS1\n" }),
    );
    expect(await Promise.all(prompts)).toEqual(["Apptainer>", "Singularity>"]);
  });

  test("root's powers: -f is root inside, --no-privs takes them, -w writes into a sandbox", async () => {
    expect(await exec("-f", sif, "id", "-u")).toBe("0");
    expect(await exec("--no-privs", sif, "grep", "CapEff", "/proc/self/status")).toBe(
      "CapEff:\t0000000000000000",
    );
    if (!isRoot) return;
    expect(await exec("-w", box, "sh", "-c", "echo more >> /data; cat /data")).toBe("from the image\nmore");
    expect(readFileSync(`${box}/data`, "utf8")).toBe("from the image\nmore\n");
  });

  test("inspect reads a SIF file and a sandbox without running them", async () => {
    expect(await out(["apptainer", "inspect", sif])).toContain("Author: ada\n");
    for (const image of [sif, box]) {
      expect(await out(["apptainer", "inspect", "--runscript", image])).toContain('echo "<$word>"');
      const all = JSON.parse(await out(["apptainer", "inspect", "--all", image]));
      expect(all.type).toBe("container");
      const { labels, test: tested, helpfile, startscript, environment, apps, deffile } = all.data.attributes;
      expect(labels).toMatchObject({ Author: "ada" });
      expect([tested, helpfile.trim(), startscript].join()).toContain("helps");
      expect(environment["/.singularity.d/env/90-environment.sh"]).toContain("OF_IMAGE");
      expect(apps.tool.labels).toMatchObject({ Kind: "hammer" });
      if (image === sif) expect(deffile).toBe(recipe);
    }
    expect(await out(["apptainer", "inspect", "--list-apps", sif])).toBe("tool");
    expect(await out(["apptainer", "inspect", "--app", "tool", "-r", sif])).toContain("the tool");
    expect((await run(["apptainer", "inspect", "--app", "none", sif])).code).toBe(255);
    expect(await out(["vial", "inspect", "--format", "{{.Labels.Author}}", sif])).toBe("ada");
  });

  test("build makes a SIF file and a sandbox, and does not overwrite without --force", async () => {
    if (!isRoot) {
      const saved = `${home}/busybox.tar`;
      await vial.ok("save", "-o", saved, "busybox");
      Bun.spawnSync(["chown", "-R", `${user}:`, home]);
      await out(["vial", "load", "-q", "-i", saved]);
    }
    writeFileSync(
      `${home}/small.def`,
      "Bootstrap: docker\nFrom: busybox\n%post\n    echo {{ WORD }} > /word\n",
    );
    const target = `${home}/small-${isRoot}.sif`;
    const built = await run(["apptainer", "build", "--build-arg", "WORD=mine", target, `${home}/small.def`]);
    expect([built.code, built.err.match(/^INFO: {4}.*$/gm)]).toEqual([
      0,
      ["INFO:    Starting build...", `INFO:    Build complete: ${target}`],
    ]);
    expect(await exec(target, "cat", "/word")).toBe("mine");
    expect(statSync(target).mode & 0o111).not.toBe(0);
    const again = await run(["apptainer", "build", "--build-arg", "WORD=x", target, `${home}/small.def`]);
    expect(again.code).toBe(255);
    expect(again.err).toContain("--force");
    expect(
      (await run(["apptainer", "build", "-F", "--build-arg", "WORD=x", target, `${home}/small.def`])).code,
    ).toBe(0);
    expect(await exec(target, "cat", "/word")).toBe("x");
    expect(await out(["apptainer", "sif", "list", target])).toContain("Squashfs/*System/");
  });
});

describe.skipIf(why !== undefined)("apptainer", () => {
  test("says a version that scripts can read, and who answers", async () => {
    for (const name of ["apptainer", "singularity"])
      expect((await asRoot([name, "--version"])).out).toMatch(
        /^apptainer version 1\.\d+\.\d+\+vial\.\d+\.\d+\.\d+\n$/,
      );
    expect((await asRoot(["apptainer", "version"])).out).toMatch(/^1\.\d+\.\d+\+vial\./);
  });

  test("a copy of the executable under the name does what a link does, in new namespaces too", async () => {
    const folder = `${vial.folder}/copied`;
    mkdirSync(folder);
    copyFileSync(vial.program, `${folder}/apptainer`);
    chmodSync(`${folder}/apptainer`, 0o755);
    for (const run of [asRoot, asUser])
      expect((await run([`${folder}/apptainer`, "exec", "-p", box, "sh", "-c", "echo $$"])).out).toBe("2\n");
  });

  test("helps with every command of the table", async () => {
    expect((await asRoot(["apptainer", "--help"])).out).toContain("exec");
    for (const words of [
      ["help", "exec"],
      ["exec", "--help"],
      ["exec", "-B", "x", "-h"],
      ["sif", "--help"],
      ["help", "key", "list"],
    ]) {
      const said = await asRoot(["apptainer", ...words]);
      expect([words, said.code, said.err]).toEqual([words, 0, ""]);
      expect(said.out).toContain("Usage:");
    }
    expect((await asRoot(["apptainer", "exec", sif, "echo", "--help"])).out).toBe("--help\n");
  });

  test("inspect follows no link of a hostile sandbox out of it, and shows no file of the host", async () => {
    const evil = `${vial.folder}/evil`;
    mkdirSync(`${evil}/.singularity.d`, { recursive: true });
    mkdirSync(`${evil}/usr`);
    writeFileSync(`${vial.folder}/secret`, "secret\n");
    symlinkSync(`${vial.folder}/secret`, `${evil}/.singularity.d/runscript`);
    symlinkSync("../../secret", `${evil}/.singularity.d/test`);
    writeFileSync(`${evil}/.singularity.d/labels.json`, '{"a":{"b":1},"c":"d"');
    Bun.spawnSync(["mkfifo", `${evil}/.singularity.d/runscript.help`]);
    const packed = `${vial.folder}/evil.sqfs`;
    Bun.spawnSync(["mksquashfs", evil, packed, "-quiet", "-no-progress"]);
    for (const image of [evil, packed]) {
      const { code, out } = await asRoot(["apptainer", "inspect", "--all", image]);
      expect([code, out.includes("secret")]).toEqual([0, false]);
    }
  });

  test("nothing is left: no server, no mount, no loop device", async () => {
    await vial.until("squashfuse has ended", () =>
      readdirSync("/proc").every((pid) => {
        const file = `/proc/${pid}/cmdline`;
        return !/^\d+$/.test(pid) || !existsSync(file) || !readCommand(file).includes(sif);
      }),
    );
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(vial.folder);
    expect(Bun.spawnSync(["losetup", "-a"]).stdout.toString()).not.toContain(vial.folder);
  });
});

function readCommand(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

// A job as it stands in a batch script: data beside it, a module that the image brings, results where the job stands.
const job = `#!/bin/bash
set -euo pipefail
module() { :; }; module load singularity
export SINGULARITYENV_OMP_NUM_THREADS=2
IMAGE=\${IMAGE:-$1}
for i in 1 2 3; do
  singularity exec -e --bind "$PWD/input:/input:ro" "$IMAGE" python3 -c '
import os, sys
with open("/input/numbers") as f:
    numbers = [int(x) for x in f]
print("task %s" % sys.argv[1], sum(numbers) * int(sys.argv[1]), os.environ["OMP_NUM_THREADS"], sep="\\t")
' "$i" > "out.$i"
done
cat out.* | singularity exec "$IMAGE" python3 -c 'import sys; print(sum(int(line.split("\\t")[1]) for line in sys.stdin))' > total
apptainer exec "$IMAGE" python3 - "with space" <<'END'
import sys
sys.stderr.write("on stderr\\n")
sys.exit(3 if sys.argv[1] == "with space" else 4)
END
`;

/** The image with Python that the host has, which is there in a second; else one of Debian, which takes a minute or two. */
async function makePythonImage(name: string): Promise<void> {
  const root = `${vial.folder}/python`;
  const program = "/usr/bin/python3";
  const isCopied = existsSync(program) && copyPython(program, root);
  const { code, err } = isCopied
    ? await vial.call(["import", `${root}.tar`, name], { timeout: minutes })
    : await vial.call(["bootstrap", "-q", "debian", "--include", "python3-minimal", "--tag", name], {
        timeout: 5 * minutes,
      });
  rmSync(root, { recursive: true, force: true });
  if (code !== 0) throw new Error(err);
}

/** Python with the libraries it is linked to, its modules and busybox, as `ROOT.tar`. False where something lacks. */
function copyPython(program: string, root: string): boolean {
  const script = `set -e
    mkdir -p "$1/bin" "$1/usr/bin" "$1/tmp" "$1/etc" "$1/proc" "$1/dev" "$1/sys" "$1/root"
    cp "$(command -v busybox)" "$1/bin/sh"
    cp -L "$2" "$1/usr/bin/python3"
    modules=$("$2" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    for file in $(ldd "$2" $(find "$modules" -name '*.so') | grep -o '/[^ :]*[.]so[^ :]*' | sort -u) ; do
      cp -L --parents "$file" "$1"
    done
    mkdir -p "$1$modules"
    tar -C "$modules" --exclude=__pycache__ --exclude='config-*' --exclude=test --exclude=dist-packages -cf - . |
      tar -C "$1$modules" -xf -
    tar -C "$1" --owner=0 --group=0 -cf "$1.tar" .`;
  return Bun.spawnSync(["sh", "-c", script, "sh", root, program]).exitCode === 0;
}

describe.skipIf(why !== undefined)("a Python job of an ordinary user", () => {
  test(
    "runs unchanged",
    async () => {
      await makePythonImage("py");
      writeFileSync(
        `${vial.folder}/py.def`,
        'Bootstrap: docker\nFrom: py\n%runscript\n    exec python3 "$@"\n',
      );
      const python = `${vial.folder}/py.sif`;
      expect((await asRoot(["apptainer", "build", python, `${vial.folder}/py.def`])).code).toBe(0);
      mkdirSync(`${home}/input`, { recursive: true });
      writeFileSync(`${home}/input/numbers`, "1\n2\n3\n");
      writeFileSync(`${home}/job.sh`, job);
      Bun.spawnSync(["chown", "-R", `${user}:`, home]);
      const ended = await asUser(["bash", "job.sh", python]);
      expect([ended.code, ended.out, ended.err]).toEqual([3, "", "on stderr\n"]);
      expect(readFileSync(`${home}/total`, "utf8")).toBe("36\n");
      expect(readFileSync(`${home}/out.2`, "utf8")).toBe("task 2\t12\t2\n");
      expect(statSync(`${home}/total`).uid).not.toBe(0);
      expect((await asUser([python, "-c", "print(6 * 7)"])).out).toBe("42\n");
    },
    6 * minutes,
  );
});
