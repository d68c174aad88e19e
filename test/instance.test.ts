import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type As, openPerson, type Person } from "./person.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Instances: images that stay, of root and of an ordinary user, from a SIF file and from a folder.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: instances, because ${why}`);

let vial: TestVial;
let person: Person;
let box: string;
let sif: string;

const recipe = `Bootstrap: docker
From: busybox
%environment
    export OF_IMAGE=image
%startscript
    echo "starts with $*"
    trap 'echo asked to end; exit' TERM
    while :; do sleep 0.1; done
%runscript
    echo "runs with $*"
`;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  person = openPerson(vial, "vialinst");
  [box, sif] = [`${vial.folder}/box`, `${vial.folder}/x.sif`];
  writeFileSync(`${vial.folder}/x.def`, recipe);
  await vial.ok("build", "-q", sif, `${vial.folder}/x.def`);
  await vial.ok("build", "-q", "--sandbox", box, `${vial.folder}/x.def`);
}, setupTimeout);

afterAll(async () => {
  if (vial === undefined) return;
  if (person !== undefined) {
    await person.asRoot(["instance", "stop", "--all", "--force"]);
    await person.asUser(["instance", "stop", "--all", "--force"]);
    person.close();
  }
  await vial.close();
}, setupTimeout);

type Run = Person["asUser"];
const ways: readonly (readonly [string, Run, () => string])[] = [
  ["root, a folder", async (words, as) => await person.asRoot(words, as), () => box],
  ["root, a SIF file", async (words, as) => await person.asRoot(words, as), () => sif],
  ["a user, a folder", async (words, as) => await person.asUser(words, as), () => box],
  ["a user, a SIF file", async (words, as) => await person.asUser(words, { ...as, fuse: true }), () => sif],
];

interface Listed {
  readonly instance: string;
  readonly pid: number;
  readonly img: string;
  readonly logOutPath: string;
}

describe.skipIf(why !== undefined).each(ways)("instances: %s", (_name, run, image) => {
  const out = async (words: readonly string[], as?: As) => {
    const { code, out: said, err } = await run(words, as);
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${err}`);
    return said.trim();
  };
  const list = async () =>
    (JSON.parse(await out(["instance", "list", "--json"])) as { instances: Listed[] }).instances;

  test("start, list, exec, shell, stats and stop", async () => {
    await out(["instance", "start", "--env", "GIVEN=1", image(), "web-1", "a", "b c"]);
    const [one] = await list();
    expect(one).toMatchObject({ instance: "web-1", img: image() });
    const log = one?.logOutPath ?? "";
    await vial.until("the startscript has begun", () => readFileSync(log, "utf8") !== "");
    expect(readFileSync(log, "utf8")).toBe("starts with a b c\n");
    // Process 1 only clears up, and no Vial is left.
    expect(readFileSync(`/proc/${one?.pid}/cmdline`, "utf8")).toContain("catatonit");
    const inside = ["sh", "-c", 'echo "$APPTAINER_INSTANCE $OF_IMAGE $X $(cat /proc/1/comm)"; id -u; pwd'];
    const said = await out(["exec", "--env", "X=2", "instance://web-1", ...inside]);
    const uid =
      run === ways[0]?.[1] || run === ways[1]?.[1]
        ? "0"
        : String(Bun.spawnSync(["id", "-u", person.user]).stdout).trim();
    expect(said).toBe(`web-1 image 2 catatonit\n${uid}\n${person.home}`);
    expect(await out(["run", "instance://web-1", "x"])).toBe("runs with x");
    expect(await out(["shell", "instance://web-1", "-c", "echo $OF_IMAGE"])).toBe("image");
    expect((await run(["exec", "instance://web-1", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await run(["exec", "instance://web-1", "no-such-program"])).code).toBe(127);
    const rows = JSON.parse(await out(["instance", "stats", "--json", "web-1"])) as { PIDs: string }[];
    expect(Number(rows[0]?.PIDs)).toBeGreaterThan(0);
    const twice = await run(["instance", "start", image(), "web-1"]);
    expect(twice.code).not.toBe(0);
    expect(twice.err).toContain("one of that name runs");
    const bound = await run(["exec", "--bind", "/a:/b", "instance://web-1", "true"]);
    expect(bound.err).toContain("--bind");
    const folder = log.slice(0, -"/out".length);
    // The script is asked first, and says so.
    const kept = `${person.home}/kept`;
    const watch = Bun.spawn(["sh", "-c", `tail -f ${log} > ${kept}`], { detached: true });
    await vial.until("the log is followed", () => existsSync(kept) && readFileSync(kept, "utf8") !== "");
    expect(await out(["instance", "stop", "web-1"])).toBe("web-1");
    await vial.until("it said its last word", () => readFileSync(kept, "utf8").includes("asked to end"));
    process.kill(-watch.pid, "SIGKILL");
    await watch.exited;
    expect(await list()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    await vial.until("its process 1 is gone", () => !isRunning(one?.pid ?? 0));
    const gone = await run(["exec", "instance://web-1", "true"]);
    expect(gone.code).toBe(125);
    expect(gone.err).toContain("Cannot find the instance");
  });

  test("instance run, names with a pattern, --fakeroot, and one that was killed", async () => {
    await out(["instance", "run", image(), "job-1"]);
    await out(["instance", "start", "--fakeroot", image(), "job-2"]);
    await out(["instance", "start", image(), "other"]);
    expect((await out(["instance", "list", "job-*"])).split("\n")).toHaveLength(3);
    expect(await out(["exec", "instance://job-2", "id", "-u"])).toBe("0");
    expect((await out(["instance", "stop", "job-*"])).split("\n").sort()).toEqual(["job-1", "job-2"]);
    const [other] = await list();
    process.kill(other?.pid ?? 0, "SIGKILL");
    await vial.until("it is listed no more", async () => (await list()).length === 0);
  });

  test("what cannot start says why, and leaves nothing", async () => {
    const missing = await run(["instance", "start", "/no/such.sif", "x"]);
    expect(missing.code).not.toBe(0);
    expect(missing.err).toContain("/no/such.sif");
    const unbound = await run(["instance", "start", "--bind", "/no/such:/x", image(), "x"]);
    expect(unbound.err).toContain("/no/such");
    const odd = await run(["instance", "start", image(), "../x"]);
    expect(odd.err).toContain("Cannot use");
    expect(await list()).toEqual([]);
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
