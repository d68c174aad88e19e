import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { openPerson, type Person } from "./person.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// An ordinary user in the worlds that clusters have: with a range of sub-ids, without one, without /dev/fuse, with a home that
// bears less than a disk does. hpc.test.ts has how images run there, ordinary-user.test.ts the containers of Docker's kind.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: worlds without root, because ${why}`);

let vial: TestVial;
/** A tar of "busybox" for everybody, in which the owners of two things are not root. */
let archive: string;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  chmodSync(`${vial.folder}/..`, 0o755);
  chmodSync(vial.folder, 0o755);
  archive = `${vial.folder}/base.tar`;
  const recipe = `${vial.folder}/base`;
  mkdirSync(recipe);
  writeFileSync(`${recipe}/Dockerfile`, "FROM busybox\nRUN echo x > /of-alice && chown 1000:50 /of-alice\n");
  await vial.ok("build", "-q", "-t", "base", recipe);
  await vial.ok("save", "-o", archive, "base");
  chmodSync(archive, 0o644);
}, setupTimeout);

afterAll(async () => {
  await vial?.close();
}, setupTimeout);

/** A definition file of the user, whose %post does what installers do. */
function writeRecipe(person: Person): void {
  writeFileSync(
    `${person.home}/x.def`,
    `Bootstrap: docker-archive
From: ${archive}
%post
    echo made > /made
    chown alice:staff /made
    mknod /dev/made c 1 3
    mkfifo /pipe
    mkdir -p /opt/of-alice && chown 1000:50 /opt/of-alice
%test
    test "$(cat /made)" = made
`,
  );
}

/** "UID/GID" of the files of a SIF file, by their paths, as squashfs-tools read them. */
async function ownersOf(path: string): Promise<ReadonlyMap<string, string>> {
  const objects = JSON.parse(await vial.ok("sif", "list", "--json", path)) as {
    type: string;
    offset: number;
  }[];
  const { offset } = objects.find(({ type }) => type === "partition")!;
  const { out } = await vial.command(["unsquashfs", "-lln", "-o", String(offset), path]);
  return new Map(
    out.split("\n").flatMap((line) => {
      const [, owner, name] = /^\S{10}\s+(\d+\/\d+)\s.*squashfs-root(\/\S+)/.exec(line) ?? [];
      return owner === undefined || name === undefined ? [] : [[name, owner] as const];
    }),
  );
}

async function said(person: Person, words: readonly string[], as?: Parameters<Person["asUser"]>[1]) {
  const { code, out, err } = await person.asUser(words, as);
  if (code !== 0) throw new Error(`vial ${words.join(" ")} ended with ${code}: ${err}${out}`);
  return { out: out.trim(), err };
}

const faked = "you have one id alone, so that all files that this build makes or changes belong to root";

describe.skipIf(why !== undefined || Bun.which("newuidmap") === null)(
  "a user with a range of sub-ids",
  () => {
    let person: Person;
    beforeAll(() => {
      person = openPerson(vial, "vtrange", { ids: "range" });
      writeRecipe(person);
    }, setupTimeout);
    afterAll(() => person.close());

    test("builds a SIF file whose owners are true", async () => {
      // Devices are the one thing that his namespace does not give him.
      const recipe = readFileSync(`${person.home}/x.def`, "utf8").replace(/.*mknod.*\n/, "");
      writeFileSync(`${person.home}/y.def`, recipe);
      const { err } = await said(person, ["build", "y.sif", "y.def"]);
      expect(err).not.toContain(faked);
      const owners = await ownersOf(`${person.home}/y.sif`);
      expect(owners.get("/made")).toBe("1000/50");
      expect(owners.get("/opt/of-alice")).toBe("1000/50");
      expect(owners.get("/of-alice")).toBe("1000/50");
      expect(owners.get("/bin/busybox")).toBe("0/0");
    });
  },
);

describe.skipIf(why !== undefined)("a user with one id", () => {
  let person: Person;
  beforeAll(() => {
    person = openPerson(vial, "vtone");
    writeRecipe(person);
  }, setupTimeout);
  afterAll(() => person.close());

  test("builds a SIF file, is told what is faked, and the owners of the base stay", async () => {
    const { err } = await said(person, ["build", "x.sif", "x.def"]);
    expect(err).toContain(faked);
    const owners = await ownersOf(`${person.home}/x.sif`);
    expect(owners.get("/of-alice")).toBe("1000/50");
    expect(owners.get("/made")).toBe("0/0");
    expect(owners.get("/opt/of-alice")).toBe("0/0");
    expect(owners.has("/pipe")).toBe(true);
    // A device was made for the program's eyes alone.
    expect(owners.has("/dev/made")).toBe(false);
    expect((await said(person, ["exec", "x.sif", "cat", "/made"])).out).toBe("made");
    expect((await said(person, ["exec", "x.sif", "id", "-u"])).out).toBe(String(statSync(person.home).uid));
    // apt looks whether it has become another user, and would stop: what tells it to stay root is not in the image.
    expect(readdirSync(`${person.home}`)).not.toContain("apt.conf");
    expect([...owners.keys()].filter((name) => name.startsWith("/dev/"))).toEqual([]);
  });

  test("builds the same bytes again, and a folder, and from both of them", async () => {
    await said(person, ["build", "again.sif", "x.def"]);
    await said(person, ["build", "--no-cache", "anew.sif", "x.def"]);
    const bytes = (name: string) => readFileSync(`${person.home}/${name}`);
    expect(bytes("again.sif").equals(bytes("anew.sif"))).toBe(true);
    await said(person, ["build", "--sandbox", "box", "x.def"]);
    expect(readFileSync(`${person.home}/box/made`, "utf8")).toBe("made\n");
    writeFileSync(
      `${person.home}/more.def`,
      "Bootstrap: localimage\nFrom: again.sif\n%post\n    cat /made > /more\n",
    );
    await said(person, ["build", "more.sif", "more.def"]);
    const owners = await ownersOf(`${person.home}/more.sif`);
    expect(owners.get("/of-alice")).toBe("1000/50");
    expect(owners.get("/more")).toBe("0/0");
    await said(person, ["build", "boxed.sif", "box"]);
    expect((await said(person, ["exec", "boxed.sif", "cat", "/made"])).out).toBe("made");
  });

  test("loads, pulls, converts and removes", async () => {
    await said(person, ["load", "-q", "-i", archive]);
    expect((await said(person, ["run", "--profile", "hpc", "base", "cat", "/of-alice"])).out).toBe("x");
    await said(person, ["pull", "pulled.sif", `docker-archive:${archive}`]);
    await said(person, ["convert", "pulled.sif", "./tree"]);
    expect(readFileSync(`${person.home}/tree/of-alice`, "utf8")).toBe("x\n");
    await said(person, ["rmi", "base"]);
    await said(person, ["builder", "prune", "-f"]);
    await said(person, ["image", "prune", "-f"]);
    expect((await said(person, ["check"])).out).toContain("clean");
  });

  test("is told what cannot be: steps of other users, and containers", async () => {
    mkdirSync(`${person.home}/context`);
    writeFileSync(`${person.home}/context/Dockerfile`, "FROM base\nUSER alice\nRUN id\n");
    await said(person, ["load", "-q", "-i", archive]);
    const step = await person.asUser(["build", "context"]);
    expect(step.code).toBe(1);
    expect(step.err).toContain("it is to run as the user 1000:1000");
    const container = await person.asUser(["run", "--rm", "base", "true"]);
    expect(container.code).toBe(125);
    expect(container.err).toContain("usermod --add-subuids");
  });

  test("what was built with one id is not taken for true when a range comes", async () => {
    if (Bun.which("newuidmap") === null) return;
    writeFileSync(
      `${person.home}/z.def`,
      readFileSync(`${person.home}/x.def`, "utf8").replace(/.*mknod.*\n/, ""),
    );
    await said(person, ["build", "z1.sif", "z.def"]);
    person.giveRange();
    await said(person, ["build", "z2.sif", "z.def"]);
    expect((await ownersOf(`${person.home}/z1.sif`)).get("/made")).toBe("0/0");
    expect((await ownersOf(`${person.home}/z2.sif`)).get("/made")).toBe("1000/50");
  });
});

describe.skipIf(why !== undefined)("a user without /dev/fuse", () => {
  let person: Person;
  const unpacked = () => `${person.home}/.cache/vial/unpacked`;
  const keys = () => readdirSync(unpacked()).filter((name) => /^[0-9a-f]{32}$/.test(name));
  beforeAll(async () => {
    person = openPerson(vial, "vtfuse");
    for (const name of ["a", "b", "c"]) {
      // Different images, so that each has a folder of its own.
      const recipe = `Bootstrap: docker-archive\nFrom: ${archive}\n%post\n    echo ${name} > /name\n`;
      writeFileSync(`${person.home}/${name}.def`, recipe);
      await vial.ok("build", "-q", `${person.home}/${name}.sif`, `${person.home}/${name}.def`);
    }
  }, setupTimeout);
  afterAll(() => person.close());

  test("of several starts at once one unpacks, and all run", async () => {
    const starts = await Promise.all(
      Array.from({ length: 6 }, () => person.asUser(["exec", "a.sif", "cat", "/name"])),
    );
    expect(starts.map(({ code, out }) => `${code} ${out}`)).toEqual(Array(6).fill("0 a\n"));
    expect(starts.filter(({ err }) => err.includes("it is unpacked into"))).toHaveLength(1);
    expect(keys()).toHaveLength(1);
    expect(readdirSync(unpacked()).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("the cap takes what was used longest ago, and never what runs, also in a program left behind", async () => {
    const [ofA] = keys();
    // The program that Vial became ends at once; one that it started holds the image.
    const stay = "(while [ ! -e stop ]; do sleep 0.1; done) > /dev/null 2>&1 < /dev/null &";
    await said(person, ["exec", "a.sif", "sh", "-c", stay]);
    await said(person, ["exec", "b.sif", "true"]);
    // Each takes 2 MB and more: three are too much.
    await said(person, ["exec", "c.sif", "true"], { env: { VIAL_CACHE_LIMIT: "4m" } });
    expect(keys()).toHaveLength(2);
    expect(keys()).toContain(ofA!);
    expect((await said(person, ["cache", "list", "--format", "{{.Kind}}"])).out).toBe("unpacked\nunpacked");
    const cleaned = await said(person, ["cache", "clean", "-f"]);
    expect(cleaned.err).toContain("is being made or used: it stays");
    expect(keys()).toEqual([ofA!]);
    writeFileSync(`${person.home}/stop`, "");
    await vial.until("it has ended", async () => {
      await person.asUser(["cache", "clean", "-f"]);
      return keys().length === 0;
    });
    expect(readdirSync(unpacked())).toEqual([]);
  });

  test("half an image of a start that was killed is cleared away, and the next start makes it anew", async () => {
    await said(person, ["exec", "a.sif", "true"]);
    const [key] = keys();
    await said(person, ["cache", "clean", "-f"]);
    const part = `${unpacked()}/${key}.part`;
    mkdirSync(part, { mode: 0o555 });
    Bun.spawnSync(["chown", "-R", `${person.user}:`, unpacked()]);
    expect((await said(person, ["exec", "a.sif", "cat", "/name"])).out).toBe("a");
    expect(readdirSync(unpacked()).toSorted()).toEqual([key!, `${key}.lock`]);
  });
});

describe.skipIf(why !== undefined)("a user whose home knows no user attributes", () => {
  let person: Person;
  let local: string;
  beforeAll(() => {
    person = openPerson(vial, "vtramfs");
    // ramfs has none, as many network file systems and older tmpfs have none.
    const mounted = Bun.spawnSync(["mount", "-t", "ramfs", "none", person.home]);
    if (mounted.exitCode !== 0) throw new Error(mounted.stderr.toString());
    local = `${vial.folder}/local`;
    mkdirSync(local);
    Bun.spawnSync(["chown", `${person.user}:`, person.home, local]);
    writeFileSync(
      `${person.home}/x.def`,
      `Bootstrap: docker-archive
From: ${archive}
%post
    mkdir /of-alice.d && touch /of-alice.d/before
    rm -r /of-alice.d && mkdir /of-alice.d
    ls -A /of-alice.d > /seen
`,
    );
  }, setupTimeout);
  afterAll(() => {
    Bun.spawnSync(["umount", person.home]);
    person.close();
  });

  test("builds in a store on the local disk, is told so, and has the image in his home", async () => {
    const env = { VIAL_TMPDIR: local };
    const { err } = await said(person, ["build", "x.sif", "x.def"], { env });
    expect(err).toContain("ramfs, which knows no user attributes");
    expect(err).toContain(`it is ${local}/vial-`);
    // A folder made anew over one of a layer below it is marked by an attribute.
    expect((await said(person, ["exec", "x.sif", "cat", "/seen"], { env })).out).toBe("");
    expect(readdirSync(person.home)).not.toContain(".local");
    const doctor = await person.asUser(["doctor"], { env });
    expect(doctor.out).toContain(`${local}/vial-`);
  });

  test("a store that VIAL_ROOT puts there is one that doctor minds", async () => {
    const { out } = await person.asUser(["doctor"], { env: { VIAL_ROOT: `${person.home}/store` } });
    expect(out).toContain("ramfs, which knows no user attributes");
  });

  test("another person's folder is not taken for his store", async () => {
    const uid = statSync(person.home).uid;
    const open = `${vial.folder}/open`;
    mkdirSync(`${open}/vial-${uid}`, { recursive: true });
    const { code, err } = await person.asUser(["build", "y.sif", "x.def"], { env: { VIAL_TMPDIR: open } });
    expect(code).not.toBe(0);
    expect(err).toContain(`Cannot keep images in "${open}/vial-${uid}"`);
  });
});

describe.skipIf(why !== undefined)("overlays", () => {
  let person: Person;
  beforeAll(() => {
    person = openPerson(vial, "vtlong");
  }, setupTimeout);
  afterAll(() => person.close());

  test("lie in folders with longer paths than an option of a mount takes", async () => {
    const parts = Array.from({ length: 4 }, (_, index) => `${index}`.repeat(90));
    const long = [person.home, ...parts].join("/");
    expect(long.length).toBeGreaterThan(300);
    mkdirSync(`${long}/changes`, { recursive: true });
    await vial.ok("convert", `docker-archive:${archive}`, `${long}/box`);
    Bun.spawnSync(["chown", "-R", `${person.user}:`, person.home]);
    const within = { cwd: long };
    await said(person, ["exec", "--overlay", "changes", "./box", "sh", "-c", "echo new > /of-alice"], within);
    const again = await said(
      person,
      ["exec", "--overlay", "changes:ro", "./box", "cat", "/of-alice"],
      within,
    );
    expect(again.out).toBe("new");
    expect(readFileSync(`${long}/box/of-alice`, "utf8")).toBe("x\n");
    const root = await person.asRoot(
      ["exec", "--overlay", "changes:ro", "./box", "cat", "/of-alice"],
      within,
    );
    expect(root.out).toBe("new\n");
    // A store with such a path: its layers, its changes and its work are named in full.
    await said(person, ["build", "-q", "-o", "type=tar,dest=out.tar", "."], {
      cwd: writeContext(person),
      env: { VIAL_ROOT: `${long}/store` },
    });
  });
});

function writeContext(person: Person): string {
  const folder = `${person.home}/context`;
  mkdirSync(folder, { recursive: true });
  Bun.spawnSync(["chown", `${person.user}:`, folder]);
  writeFileSync(`${folder}/Dockerfile`, "FROM scratch\nCOPY Dockerfile /x\nCOPY Dockerfile /y\n");
  return folder;
}
