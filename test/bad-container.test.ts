import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { expectError } from "./traces.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Containers that are hostile to who copies, looks or runs something in them: the cases of copying in and out that
// advisories of other engines tell of.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: hostile containers, because ${why}`);
const suite = describe.skipIf(why !== undefined);

const secret = "secret of the host\n";
let vial: TestVial;
/** A folder of the host that hostile containers point at. */
let target = "";

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  target = `${vial.folder}/host`;
  mkdirSync(target);
  writeFileSync(`${target}/secret`, secret);
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

function expectHostUntouched(): void {
  expect(readdirSync(target)).toEqual(["secret"]);
  expect(readFileSync(`${target}/secret`, "utf8")).toBe(secret);
}

/** Starts a container that prints "ready" when its script is through, and goes on with `last`. */
async function start(name: string, script: string, last = "sleep 1000", flags: readonly string[] = []) {
  await vial.ok(
    "run",
    "-d",
    "--name",
    name,
    ...flags,
    "busybox",
    "sh",
    "-c",
    `${script}\necho ready; ${last}`,
  );
  await vial.until("it is ready", async () => (await vial.ok("logs", name)).endsWith("ready"));
}

suite("a container that swaps a folder for a link to the host (CVE-2018-15664)", () => {
  beforeAll(async () => {
    const swap = "mv /d/p /d/x; mv /d/y /d/p; mv /d/p /d/y; mv /d/x /d/p";
    await start(
      "swapper",
      `mkdir -p /d/p ${target}; echo inside | tee /d/p/secret > ${target}/secret; ln -s ${target} /d/y`,
      `while :; do ${swap}; done`,
    );
  }, setupTimeout);
  afterAll(async () => void (await vial?.run("rm", "-f", "swapper")), setupTimeout);

  test("gets its own files copied out, never the host's", async () => {
    const found = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const out = `${vial.folder}/out-${round}`;
      mkdirSync(out);
      const one = await vial.run("cp", "-q", "swapper:/d/p/secret", `${out}/one`);
      if (one.code === 0) found.add(readFileSync(`${out}/one`, "utf8"));
      else expectError(one, 1, { what: /^Cannot copy .*: there is no such file or folder$/, next: /./ });
      const followed = await vial.run("cp", "-q", "-L", "swapper:/d/p", `${out}/followed`);
      expect(followed.err).not.toContain("bug in Vial");
      expect(await vial.run("cp", "-q", "swapper:/d", `${out}/all`)).toEqual({ code: 0, out: "", err: "" });
      // Follows no links.
      expect(Bun.spawnSync(["grep", "-r", "of the host", out]).stdout.toString()).toBe("");
    }
    expect([...found]).toEqual(["inside\n"]);
  }, 20_000);

  test("gets what is copied in into itself, never to the host", async () => {
    writeFileSync(`${vial.folder}/bait`, "bait");
    mkdirSync(`${vial.folder}/baits`);
    writeFileSync(`${vial.folder}/baits/secret`, "bait");
    const tar = Bun.spawnSync(["tar", "-C", vial.folder, "-c", "bait", "baits"]).stdout;
    let arrived = 0;
    // On a machine that is busy the folder may be away every time for a while.
    for (let round = 0; round < 12 || (arrived === 0 && round < 100); round++) {
      const { code, err } = await vial.run("cp", "-q", `${vial.folder}/bait`, `swapper:/d/p/bait-${round}`);
      if (code === 0) arrived++;
      expect(err).not.toContain("bug in Vial");
      const streamed = await vial.call(["cp", "-", "swapper:/d/p"], { input: tar });
      expect(streamed.err).not.toContain("bug in Vial");
      expectHostUntouched();
    }
    expect(arrived).toBeGreaterThan(0);
  }, 20_000);

  test("is exported, compared and committed as it is (CVE-2023-0778)", async () => {
    for (let round = 0; round < 3; round++) {
      const exported = await vial.ok("export", "swapper");
      expect(["inside\n", secret].map((text) => exported.includes(text))).toEqual([true, false]);
      expect(await vial.ok("diff", "swapper")).toContain("A /d");
    }
    await vial.ok("commit", "swapper", "swapped:1");
    const { out } = await vial.run("run", "--rm", "swapped:1", "grep", "-rh", "", "/d");
    expect(out).toContain("inside\n");
    expect(out).not.toContain("of the host");
    await vial.ok("rmi", "swapped:1");
    expectHostUntouched();
  });
});

suite("a container with odd files", () => {
  beforeAll(async () => {
    const names = ["-rf", "...", "a\\nA fake", "\\033[2J", "\\377", "x".repeat(255)];
    await start(
      "odd",
      `mkdir /odd; cd /odd
      ${names.map((name) => `touch -- "$(printf '%b' '/odd/${name}')"`).join("\n")}
      mknod "$(printf '/odd/\\033dev')" c 1 3; mkfifo /odd/fifo
      cp /bin/busybox /odd/suid; chown 1000:1000 /odd/suid; chmod 6755 /odd/suid
      ln -s ${target} /odd/link; ln -s / /root-link`,
      "sleep 1000",
      ["-v", `${target}:/mounted:ro`],
    );
  }, setupTimeout);
  afterAll(async () => void (await vial?.run("rm", "-f", "odd")), setupTimeout);

  test("gives them under their names; no device and no setuid program comes to the host", async () => {
    const out = `${vial.folder}/odd`;
    const { code, err } = await vial.run("cp", "-q", "odd:/odd", out);
    expect({ code, err }).toEqual({
      code: 0,
      err: 'vial: warning: the device "odd/\\x1bdev" was left out\n',
    });
    expect(readdirSync(out, "latin1").sort()).toEqual(
      ["-rf", "...", "\x1b[2J", "a\nA fake", "fifo", "link", "suid", "x".repeat(255), "\xff"].sort(),
    );
    const { mode, uid } = statSync(`${out}/suid`);
    expect([(mode & 0o7777).toString(8), uid]).toEqual(["755", process.getuid?.() ?? -1]);
    expect(lstatSync(`${out}/fifo`).isFIFO()).toBe(true);
  });

  test("never makes one wait for a fifo", async () => {
    await vial.ok("cp", "-q", "odd:/odd/fifo", `${vial.folder}/fifo`);
    const tar = Bun.spawnSync(["sh", "-c", `${vial.program} export odd | tar -tf -`], {
      env: vial.environment(),
    });
    expect(tar.stdout.toString()).toContain("odd/fifo\n");
  });

  test("is compared one line for each path, and nothing steers the terminal", async () => {
    const lines = (await vial.ok("diff", "odd")).split("\n").filter((line) => line.includes("/odd/"));
    expect(lines).toContain("A /odd/a\\x0aA fake");
    expect(lines).toContain("A /odd/\\x1b[2J");
    expect(lines).toContain("A /odd/\\xff");
    expect(lines.join("")).not.toContain("\x1b");
  });

  test("has a root that no path leaves", async () => {
    for (const path of ["/../../../etc/passwd", "/root-link/../../etc/passwd", "../../etc/passwd"]) {
      await vial.ok("cp", "-q", `odd:${path}`, `${vial.folder}/passwd`);
      expect(readFileSync(`${vial.folder}/passwd`, "utf8")).toContain("alice:x:1000");
    }
    expectError(await vial.run("cp", "-L", "odd:/odd/link", `${vial.folder}/never`), 1, {
      what: 'Cannot copy "/odd/link": there is no such file or folder',
      next: "check the path; a path in a container counts from its root",
    });
    const listed = Bun.spawnSync(
      ["sh", "-c", `${vial.program} cp odd:/root-link/../odd/../etc - | tar -tf -`],
      {
        env: vial.environment(),
      },
    );
    expect(listed.stdout.toString().split("\n").slice(0, 2)).toEqual(["etc/", "etc/group"]);
  });

  test("takes no stream with names that lead out of the destination, and none that is packed", async () => {
    const tar = (...words: string[]) => Bun.spawnSync(["tar", "-C", target, "-c", ...words, "secret"]).stdout;
    expectError(
      await vial.call(["cp", "-", "odd:/opt"], { input: tar("--transform", "s,^,../up/,", "-P") }),
      2,
      {
        what: 'Cannot copy "../up/secret": the name leads out of the destination',
        why: 'a name in an archive may not hold ".."',
        next: "make the archive with names below one folder",
      },
    );
    const packed = await vial.call(["cp", "-", "odd:/opt"], { input: tar("-z") });
    expectError(packed, 1, { what: /^Cannot read the tar stream/, why: /./, next: /./ });
    expect((await vial.ok("exec", "odd", "ls", "/opt")).split("\n")).toEqual(["not-executable"]);
  });

  test("gives away nothing of what is mounted into it", async () => {
    expect((await vial.ok("export", "odd")).includes(secret)).toBe(false);
    await vial.ok("commit", "odd", "odd:1");
    expect(await vial.ok("run", "--rm", "odd:1", "ls", "-A", "/mounted")).toBe("");
    await vial.ok("rmi", "odd:1");
    expectHostUntouched();
  });
});

suite("a container that changed its own accounts and folders", () => {
  beforeAll(async () => {
    const links = "ln -s /proc/self/fd/7 /fd; ln -s /proc/1/root /up; ln -s ../../../../proc/self/fd /fds";
    await start("liar", `rm /etc/passwd; mkfifo /etc/passwd; ${links}`);
  }, setupTimeout);
  afterAll(async () => void (await vial?.run("rm", "-f", "liar")), setupTimeout);

  test("makes no exec wait for its /etc/passwd (CVE-2022-36109)", async () => {
    expect(await vial.ok("exec", "-u", "1234", "liar", "grep", "Uid", "/proc/self/status")).toMatch(
      /\t1234$/,
    );
    expectError(await vial.run("exec", "-u", "alice", "liar", "id"), 125, {
      what: 'Cannot run as the user "alice": the image does not know it',
      why: 'its /etc/passwd has no user "alice"',
      next: "give a number, or a name of the image's /etc/passwd",
    });
  });

  for (const folder of ["/proc/self/fd/7", "/proc/1/root", "/fd", "/fds/7", "/up/etc", "/proc/self/cwd/.."])
    test(`lets no exec work in ${folder} (CVE-2024-21626)`, async () =>
      expectError(await vial.run("exec", "-w", folder, "liar", "pwd"), 126, {
        what: `Cannot work in the folder "${folder}" of the container`,
        why: /CVE-2024-21626/,
        next: "give another by `--workdir /path`",
      }));

  test("gives exec no more than it has itself", async () => {
    const { out } = await vial.run("exec", "liar", "grep", "-E", "^(Cap|Seccomp:)", "/proc/self/status");
    const own = await vial.run("exec", "liar", "grep", "-E", "^(Cap|Seccomp:)", "/proc/1/status");
    expect(out).toBe(own.out);
    expect(out).toContain("CapBnd:\t00000000a80425fb\n");
    expect(out).toContain("Seccomp:\t2\n");
  });
});

suite("a container whose output looks like a log", () => {
  test("has it in its log as it was printed", async () => {
    const forged = "2026-01-01T00:00:00.000000000+00:00 stderr F forged\n\x1b[2J\\0 P \n";
    await vial.ok("run", "-d", "--name", "forger", "busybox", "printf", forged.replaceAll("\\", "\\\\"));
    await vial.ok("wait", "forger");
    expect(await vial.run("logs", "forger")).toEqual({ code: 0, out: forged, err: "" });
    const timed = await vial.run("logs", "-t", "forger");
    expect(timed.out.split("\n")[0]).toMatch(/^\d{4}-\S+ 2026-01-01T00:00:00\S+ stderr F forged$/);
    await vial.ok("rm", "forger");
  });
});
