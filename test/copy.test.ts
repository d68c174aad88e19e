import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Files in and out of containers, and what containers changed.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: files of containers, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

suite.each([["running"], ["stopped"]])("a %s container", (state) => {
  const name = `files-${state}`;

  beforeAll(async () => {
    await vial.ok(
      "run",
      "-d",
      "--name",
      name,
      "busybox",
      "sh",
      "-c",
      "echo inside > /tmp/made; rm /etc/group; sleep 1000",
    );
    await vial.until(
      "it has made its file",
      async () => (await vial.run("exec", name, "test", "!", "-e", "/etc/group")).code === 0,
    );
    if (state === "stopped") await vial.ok("stop", "-t", "0", name);
  }, setupTimeout);

  test("cp copies out and in", async () => {
    await vial.ok("cp", `${name}:/tmp/made`, `${vial.folder}/out-${state}`);
    expect(readFileSync(`${vial.folder}/out-${state}`, "utf8")).toBe("inside\n");
    mkdirSync(`${vial.folder}/in-${state}`, { recursive: true });
    writeFileSync(`${vial.folder}/in-${state}/file`, "from outside");
    await vial.ok("cp", `${vial.folder}/in-${state}`, `${name}:/opt`);
    await vial.ok("cp", `${name}:/opt/in-${state}/file`, `${vial.folder}/back-${state}`);
    expect(readFileSync(`${vial.folder}/back-${state}`, "utf8")).toBe("from outside");
  });

  test("cp gives and takes tar streams", async () => {
    const child = Bun.spawn(["sh", "-c", `${vial.program} cp ${name}:/tmp/made - | tar xO`], {
      env: vial.environment(),
      stdout: "pipe",
    });
    expect(await new Response(child.stdout).text()).toBe("inside\n");
    const tar = Bun.spawnSync(["tar", "-C", vial.folder, "-c", `in-${state}/file`]).stdout;
    const outcome = await vial.call(["cp", "-", `${name}:/var`], { input: tar });
    expect(outcome.code).toBe(0);
    await vial.ok("cp", `${name}:/var/in-${state}/file`, `${vial.folder}/streamed-${state}`);
  });

  test("a link in the container leads nowhere on the host", async () => {
    const tar = Bun.spawnSync([
      "sh",
      "-c",
      `cd ${vial.folder} && ln -sfn / escape-${state} && tar c escape-${state} && rm escape-${state}`,
    ]).stdout;
    expect((await vial.call(["cp", "-", `${name}:/opt`], { input: tar })).code).toBe(0);
    writeFileSync(`${vial.folder}/bait`, "bait");
    await vial.run("cp", `${vial.folder}/bait`, `${name}:/opt/escape-${state}/bait-${state}`);
    expect(existsSync(`/bait-${state}`)).toBe(false);
  });

  test("diff tells what was added, changed and deleted", async () => {
    const lines = (await vial.ok("diff", name)).split("\n");
    expect(lines).toContain("A /tmp/made");
    expect(lines).toContain("D /etc/group");
    expect(lines).toContain("C /etc");
    // Made by the runtime, to mount our own files over.
    for (const file of ["hosts", "hostname", "resolv.conf"]) expect(lines).not.toContain(`A /etc/${file}`);
    const untouched = await vial.ok("run", "-d", "busybox", "true");
    await vial.ok("wait", untouched);
    expect(await vial.ok("diff", untouched)).toBe("");
    await vial.ok("rm", untouched);
  });

  test("commit makes an image that has the changes", async () => {
    const id = await vial.ok("commit", "-m", "note", "-a", "me", "-c", "ENV NEW=1", name, `made-${state}:1`);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(
      await vial.ok("run", "--rm", `made-${state}:1`, "sh", "-c", "cat /tmp/made; ls /etc; echo $NEW"),
    ).toMatch(/^inside\n(?!.*group)[\s\S]*1$/);
    const exported = `${vial.folder}/saved-${state}`;
    await vial.ok("save", "--format", "oci-dir", "-o", exported, `made-${state}:1`);
    const names = Bun.spawnSync([
      "sh",
      "-c",
      `for f in ${exported}/blobs/sha256/*; do tar -tf $f 2>/dev/null; done`,
    ]);
    expect(names.stdout.toString()).toContain("tmp/made");
    expect(names.stdout.toString()).not.toContain("etc/hostname");
    expect(await vial.ok("history", "--format", "{{.Comment}}", `made-${state}:1`)).toContain("note");
  });

  test("export gives everything", async () => {
    await vial.ok("export", "-o", `${vial.folder}/all-${state}.tar`, name);
    const names = Bun.spawnSync(["tar", "-tf", `${vial.folder}/all-${state}.tar`])
      .stdout.toString()
      .split("\n");
    expect(names).toContain("tmp/made");
    expect(names).toContain("bin/busybox");
    expect(names).not.toContain("etc/group");
  });
});

suite("a container with a folder of the host", () => {
  test.each([["created"], ["running"], ["stopped"]])("cp reaches it while it is %s", async (state) => {
    const host = `${vial.folder}/host-${state}`;
    mkdirSync(`${host}/sub`, { recursive: true });
    writeFileSync(`${host}/sub/file`, "of the host");
    writeFileSync(`${vial.folder}/new`, "new");
    const mounts = ["-v", `${host}:/data`, "-v", `${host}:/ro:ro`];
    const id = await vial.ok("create", ...mounts, "busybox", "sleep", "1000");
    if (state !== "created") await vial.ok("start", id);
    if (state === "stopped") await vial.ok("stop", "-t", "0", id);
    await vial.ok("cp", `${id}:/data/sub/file`, `${vial.folder}/got-${state}`);
    expect(readFileSync(`${vial.folder}/got-${state}`, "utf8")).toBe("of the host");
    await vial.ok("cp", `${vial.folder}/new`, `${id}:/data/sub/new`);
    expect(readFileSync(`${host}/sub/new`, "utf8")).toBe("new");
    const refused = await vial.run("cp", `${vial.folder}/new`, `${id}:/ro/sub/other`);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("read-only there")]);
    expect(existsSync(`${host}/sub/other`)).toBe(false);
    // The mounts are no files of the container.
    await vial.ok("export", "-o", `${vial.folder}/export-${state}`, id);
    const names = Bun.spawnSync(["tar", "-tf", `${vial.folder}/export-${state}`]).stdout.toString();
    expect(names).not.toContain("data/sub");
    await vial.ok("rm", "-f", id);
    expect(existsSync(`${host}/sub/file`)).toBe(true);
  });
});
