// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the recipe's variables

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { openRecipes } from "./recipe.ts";

// What builds remember, what their mounts keep, and what they must not.

const { why, vial, recipes } = await openRecipes("the cache of builds");

/** Files below the store that hold these bytes. */
function filesWith(secret: string): readonly string[] {
  const found = Bun.spawnSync(["grep", "-raEl", secret, vial.root]);
  return found.stdout.toString().trim().split("\n").filter(Boolean);
}

describe.skipIf(why !== undefined)("the cache of steps", () => {
  test("a second build does nothing; content decides, times do not; --no-cache does it all again", async () => {
    const text = "FROM busybox\nCOPY a b /x/\nRUN cat /x/a > /y\nWORKDIR /w\nRUN echo last > l";
    const first = await recipes.ok(text, { files: { a: "1", b: "2" } });
    expect(first.cached).toBe(0);
    const { folder } = first;
    const second = await recipes.ok(text, { folder });
    expect(second.cached).toBe(4);
    expect(second.out).toBe(first.out);
    utimesSync(`${folder}/a`, 1, 1);
    rmSync(`${folder}/b`);
    writeFileSync(`${folder}/b`, "2");
    expect((await recipes.ok(text, { folder })).cached).toBe(4);
    const { mtime } = statSync(`${folder}/a`);
    writeFileSync(`${folder}/a`, "3");
    utimesSync(`${folder}/a`, mtime, mtime);
    const changed = await recipes.ok(text, { folder });
    expect(changed.cached).toBe(0);
    expect((await recipes.tree(changed.tag)).get("y")).toBe("f 644 0:0 3");
    writeFileSync(`${folder}/a`, "1");
    expect((await recipes.ok(text, { folder })).out).toBe(first.out);
    const anew = await recipes.ok(text, { folder, flags: ["--no-cache"] });
    expect(anew.cached).toBe(0);
    expect(anew.out).toBe(first.out);
  });

  test("a changed step reruns what stands below it alone; an unused ARG nothing", async () => {
    const text = (last: string) => `FROM busybox\nRUN echo 1 > /1\nRUN echo 2 > /2\nRUN echo ${last} > /3`;
    await recipes.ok(text("3"));
    expect((await recipes.ok(text("4"))).cached).toBe(2);
    const args = "FROM busybox\nRUN echo 1 > /1\nARG V\nRUN echo $V > /v";
    await recipes.ok(args, { flags: ["--build-arg", "V=1"] });
    expect((await recipes.ok(args, { flags: ["--build-arg", "V=1"] })).cached).toBe(2);
    const other = await recipes.ok(args, { flags: ["--build-arg", "V=2"] });
    expect(other.cached).toBe(1);
    expect((await recipes.tree(other.tag)).get("v")).toBe("f 644 0:0 2\n");
  });

  test("attributes of a file in a stage count", async () => {
    const text = (time: string) =>
      `FROM busybox AS a\nRUN touch -d '${time}' /f\nFROM busybox\nCOPY --from=a /f /f\nRUN date -r /f +%s > /time`;
    await recipes.ok(text("1990-01-01 00:00:00"));
    const other = await recipes.ok(text("1991-01-01 00:00:00"));
    expect((await recipes.tree(other.tag)).get("time")).toBe("f 644 0:0 662688000\n");
  });

  test("stages that nobody needs are not built, and those that stand alone run side by side", async () => {
    const meet = (mine: string, other: string) =>
      `RUN --mount=type=cache,id=meet,target=/m touch /m/${mine}; until test -e /m/${other}; do sleep 0.1; done; echo ${mine} > /${mine}`;
    const { tag, err } = await recipes.ok(
      [
        "FROM busybox AS unused",
        "RUN echo never; exit 1",
        "FROM busybox AS a",
        meet("a", "b"),
        "FROM busybox AS b",
        meet("b", "a"),
        "FROM busybox",
        "COPY --from=a /a /a",
        "COPY --from=b /b /b",
      ].join("\n"),
    );
    expect(err).not.toContain("never");
    expect((await recipes.tree(tag)).get("b")).toBe("f 644 0:0 b\n");
  });

  test("two builds of one recipe at once make one image", async () => {
    const text = "FROM busybox\nRUN echo both > /both\nRUN sleep 0.3; echo more > /more\nCOPY a /a";
    const both = await Promise.all([1, 2, 3].map(() => recipes.build(text, { files: { a: "a" } })));
    expect(both.map(({ code, err }) => (code === 0 ? "" : err))).toEqual(["", "", ""]);
    expect(recipes.unfinished()).toEqual([]);
    expect(new Set(both.map(({ out }) => out)).size).toBe(1);
    expect((await recipes.tree(both[0]!.tag)).get("more")).toBe("f 644 0:0 more\n");
  });

  test("rmi keeps the steps, builder ls shows them, builder prune frees them", async () => {
    await vial.ok("builder", "prune", "-f");
    const text = "FROM busybox\nRUN head -c 3000000 /dev/zero > /big\nRUN head -c 1000000 /dev/zero > /newer";
    const { tag } = await recipes.ok(text);
    await vial.ok("rmi", tag);
    expect((await recipes.ok(text)).cached).toBe(2);
    const rows = (await vial.ok("builder", "ls", "--format", "{{.Step}}")).split("\n");
    expect(rows).toEqual(
      expect.arrayContaining([
        expect.stringContaining("RUN head -c 3000000"),
        expect.stringContaining("newer"),
      ]),
    );
    const images = (await vial.ok("images", "--format", "{{.Repository}}:{{.Tag}}", "built")).split("\n");
    await vial.ok("rmi", ...images);
    // What was used last is kept.
    await vial.ok("builder", "prune", "-f", "--keep-storage", "2000000");
    expect((await vial.ok("builder", "ls", "--format", "{{.Step}}")).split("\n")).toHaveLength(1);
    expect(await vial.ok("builder", "prune", "-f")).toContain("Total reclaimed space: ");
    expect(await vial.ok("builder", "ls", "--format", "{{.Step}}")).toBe("");
    expect((await recipes.ok(text)).cached).toBe(0);
  });

  test("VIAL_BUILD_CACHE is the most that is kept, and what is over it is freed", async () => {
    await vial.ok("builder", "prune", "-f");
    const env = { VIAL_BUILD_CACHE: "2m" };
    const one = await recipes.ok("FROM busybox\nRUN head -c 1500000 /dev/zero > /a", { env });
    const layer = (await vial.ok(
      "image",
      "inspect",
      "--format",
      "{{json .RootFS.Layers}}",
      one.tag,
    )) as string;
    const last = (JSON.parse(layer) as string[]).at(-1)!.slice("sha256:".length);
    await vial.ok("rmi", one.tag);
    await recipes.ok("FROM busybox\nRUN head -c 1400000 /dev/zero > /b", { env });
    expect((await vial.ok("builder", "ls", "--format", "{{.Step}}")).split("\n")).toEqual([
      expect.stringContaining("/b"),
    ]);
    expect(readdirSync(`${vial.root}/store/blobs/sha256`)).not.toContain(last);
  });
});

describe.skipIf(why !== undefined)("RUN --mount", () => {
  test("bind: read-only, or writable and forgotten; from the context, a stage and an image", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox AS made",
        "RUN mkdir /made && echo made > /made/file",
        "FROM busybox",
        "RUN --mount=type=bind,target=/c ls -A /c > /context && ! touch /c/new",
        "RUN --mount=type=bind,source=dir,target=/d,rw echo changed > /d/x && echo new > /d/new && cp -r /d /seen",
        "RUN --mount=type=bind,source=dir/x,target=/file cat /file > /one",
        "RUN --mount=type=bind,from=made,source=/made,target=/m,rw cat /m/file > /two && rm /m/file",
        "RUN --mount=type=bind,from=made,source=/made,target=/m cat /m/file > /three",
        "RUN --mount=type=bind,from=busybox,source=/etc/passwd,target=/p head -n 1 /p > /four",
      ].join("\n"),
      { files: { "dir/x": "x", hidden: "no", ".dockerignore": "hidden\nDockerfile\n.dockerignore\n" } },
    );
    const tree = await recipes.tree(tag);
    expect(
      Object.fromEntries(
        ["context", "seen/x", "seen/new", "one", "two", "three", "four"].map((at) => [at, tree.get(at)]),
      ),
    ).toEqual({
      context: "f 644 0:0 dir\n",
      "seen/x": "f 644 0:0 changed\n",
      "seen/new": "f 644 0:0 new\n",
      one: "f 644 0:0 x",
      two: "f 644 0:0 made\n",
      three: "f 644 0:0 made\n",
      four: "f 644 0:0 root:x:0:0:root:/root:/bin/sh\n",
    });
    for (const path of ["c", "d", "m", "file", "p"]) expect(tree.has(path)).toBe(false);
  });

  test("bind: a file of the context that is written is not changed on the host", async () => {
    const { folder } = await recipes.ok(
      "FROM busybox\nRUN --mount=type=bind,source=f,target=/f,rw echo changed > /f; true",
      { files: { f: "mine" } },
    );
    expect(readFileSync(`${folder}/f`, "utf8")).toBe("mine");
  });

  test("cache: kept between builds, by id, whatever the id is; its bytes are in no layer", async () => {
    const mount = "--mount=type=cache,id=../../a/b,target=/cache,mode=0700,uid=1000,gid=50";
    const text = (mark: string) =>
      `FROM busybox\nRUN ${mount} stat -c %a:%u:%g /cache > /stat; cat /cache/* > /before 2>/dev/null; echo KEPT-${mark} > /cache/${mark}`;
    await recipes.ok(text("one"));
    const { tag } = await recipes.ok(text("two"));
    const tree = await recipes.tree(tag);
    expect(tree.get("stat")).toBe("f 644 0:0 700:1000:50\n");
    expect(tree.get("before")).toBe("f 644 0:0 KEPT-one\n");
    expect(tree.has("cache")).toBe(false);
    expect(readdirSync(vial.root)).not.toContain("a");
    await recipes.ok(`FROM busybox\nRUN --mount=type=cache,target=/other test -z "$(ls /other)"`);
    const from = "FROM busybox AS seed\nRUN mkdir /s && echo seed > /s/f\nFROM busybox\n";
    const seeded = await recipes.ok(
      `${from}RUN --mount=type=cache,from=seed,source=/s,target=/z cat /z/f > /got; echo more >> /z/f`,
    );
    expect((await recipes.tree(seeded.tag)).get("got")).toBe("f 644 0:0 seed\n");
    await vial.ok("builder", "prune", "-f", "-a");
    await recipes.ok(`FROM busybox\nRUN ${mount} test -z "$(ls /cache)"`);
  });

  test("cache: locked waits for the other, private has one for each, and two RUNs cannot block each other", async () => {
    const one = (sharing: string, name: string, more = "") =>
      `FROM busybox AS ${name}\nRUN --mount=type=cache,id=${sharing},sharing=${sharing},target=/c ${more} mkdir /c/busy && sleep 0.3 && rmdir /c/busy && echo ${name} > /${name}`;
    const last = "FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /";
    for (const sharing of ["locked", "private"])
      await recipes.ok([one(sharing, "a"), one(sharing, "b"), last].join("\n"));
    const both = (name: string, order: readonly string[]) =>
      `FROM busybox AS ${name}\nRUN ${order.map((id) => `--mount=type=cache,id=${id},sharing=locked,target=/${id}`).join(" ")} sleep 0.2; echo > /${name}`;
    await recipes.ok([both("a", ["x", "y"]), both("b", ["y", "x"]), last].join("\n"));
  });

  test("tmpfs: empty, of its size, gone afterwards", async () => {
    const { tag } = await recipes.ok(
      "FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m echo x > /t/x && ! head -c 2000000 /dev/zero > /t/big && grep ' /t tmpfs' /proc/mounts > /how",
    );
    const tree = await recipes.tree(tag);
    expect(tree.get("how")).toContain("size=1024k");
    expect(tree.has("t")).toBe(false);
  });

  test("secret: a file, a variable, with owner and mode; its bytes are nowhere afterwards", async () => {
    const secret = "TOP-SECRET-7f3a";
    const path = `${vial.folder}/secret`;
    writeFileSync(path, `${secret}-file\n`);
    const text = [
      "FROM busybox",
      "RUN --mount=type=secret,id=f grep -q file /run/secrets/f && stat -c %a:%u:%g /run/secrets/f > /one",
      "RUN --mount=type=secret,id=f,target=/deep/key,mode=0440,uid=1000,gid=50 stat -c %a:%u:%g /deep/key > /two",
      'RUN --mount=type=secret,id=e,env=TOKEN test "${TOKEN%-env}" != "$TOKEN" && test ! -e /run/secrets/e',
      "RUN --mount=type=secret,id=e cat /run/secrets/e > /dev/null",
      "RUN --mount=type=secret,id=none test ! -e /run/secrets/none",
    ].join("\n");
    const flags = ["--secret", `id=f,src=${path}`, "--secret", "id=e,env=SECRET_OF_TEST"];
    const built = await recipes.ok(text, { flags, env: { SECRET_OF_TEST: `${secret}-env` } });
    const tree = await recipes.tree(built.tag);
    expect(tree.get("one")).toBe("f 644 0:0 400:0:0\n");
    expect(tree.get("two")).toBe("f 644 0:0 440:1000:50\n");
    expect(tree.has("deep") || tree.has("run/secrets")).toBe(false);
    expect(built.err + built.out).not.toContain(secret);
    expect(filesWith(secret)).toEqual([]);
    // Another secret is not another image.
    writeFileSync(path, "rotated\n");
    const again = await recipes.ok(text, { flags, env: { SECRET_OF_TEST: "other" } });
    expect(again.cached).toBe(5);
  });

  test("secret: its bytes are on no disk while RUN lasts, nor after kill -9", async () => {
    const secret = "TOP-SECRET-9b1c";
    const path = `${vial.folder}/secret`;
    writeFileSync(path, `${secret}-file\n`);
    const text = `FROM busybox\nRUN --mount=type=secret,id=e,env=TOKEN --mount=type=secret,id=f test "\${TOKEN%-env}" != "$TOKEN" && grep -q file /run/secrets/f && echo started && sleep 98765`;
    const folder = recipes.context({ Dockerfile: text });
    const flags = ["--secret", `id=f,src=${path}`, "--secret", "id=e,env=SECRET_OF_TEST"];
    const child = Bun.spawn([vial.program, "build", "--progress", "plain", ...flags, folder], {
      env: { ...vial.environment(), SECRET_OF_TEST: `${secret}-env` },
      stdout: "ignore",
      stderr: "pipe",
    });
    let said = "";
    const reading = (async () => {
      for await (const bytes of child.stderr) said += Buffer.from(bytes).toString();
    })();
    await vial.until("it runs", () => /^#\d+ started$/m.test(said), 30_000);
    // What is mounted for the build alone is in memory; this test looks from outside at what the disk has.
    expect(filesWith(secret)).toEqual([]);
    child.kill("SIGKILL");
    await Promise.all([child.exited, reading]);
    expect(filesWith(secret)).toEqual([]);
    await recipes.ok("FROM busybox\nRUN echo next");
    await recipes.nothingLeft();
    const sleeping = Bun.spawnSync(["pgrep", "-fx", "sleep 98765"]).stdout.toString();
    expect(sleeping).toBe("");
  }, 60_000);

  test("secret: of a file that is not there", async () => {
    const built = await recipes.build("FROM busybox", { flags: ["--secret", "id=x,src=/no/such/file"] });
    expect(built.code).not.toBe(0);
    expect(built.err).toContain("/no/such/file");
    expect(built.err).not.toContain("This is a bug");
  });

  test.skipIf(Bun.which("ssh-agent") === null)(
    "ssh: the agent of the host lists and signs, changes nothing, and has the owner and mode of the mount",
    async () => {
      const socket = `${vial.folder}/agent`;
      const agent = Bun.spawn(["ssh-agent", "-D", "-a", socket], { stdout: "ignore", stderr: "ignore" });
      try {
        await vial.until(
          "the agent listens",
          () => statSync(socket, { throwIfNoEntry: false }) !== undefined,
        );
        const folder = recipes.context({ text: "to be signed" });
        const host = (script: string) =>
          vial.command(["sh", "-ec", script], { cwd: folder, env: { SSH_AUTH_SOCK: socket } });
        // OpenSSH's own clients, with the libraries that they need.
        const ready = await host(
          `ssh-keygen -q -t ed25519 -N '' -C the-key -f key; ssh-add -q key; rm key
           mkdir -p ssh; for p in ssh-add ssh-keygen; do cp $(command -v $p) ssh; done
           ldd ssh/* | grep -o '/[^ )]*' | grep -v : | sort -u | xargs cp -L --parents -t ssh`,
        );
        expect(ready).toMatchObject({ code: 0, err: "" });
        const mount = "--mount=type=ssh,required";
        const text = [
          "FROM busybox",
          "COPY ssh/ /",
          `RUN ${mount} echo $SSH_AUTH_SOCK > /where; stat -c %a:%u:%g:%F $SSH_AUTH_SOCK > /root-owns; /ssh-add -l > /listed`,
          `RUN ${mount} ! /ssh-add -D 2> /refused`,
          `RUN ${mount} ! /ssh-add -x < /dev/null 2>> /refused; /ssh-keygen -q -t ed25519 -N '' -f /k && ! /ssh-add -q /k`,
          "COPY text key.pub /",
          `RUN ${mount} /ssh-keygen -Y sign -f /key.pub -n file /text`,
          "RUN echo other:x:1234:1234::/:/bin/sh >> /etc/passwd; chmod 1777 /tmp",
          "USER other",
          `RUN ${mount},mode=0640,uid=1234,gid=50 stat -c %a:%u:%g $SSH_AUTH_SOCK > /tmp/owns; /ssh-add -l > /tmp/listed`,
          `RUN ${mount} ! /ssh-add -l > /tmp/closed 2>&1`,
          "RUN --mount=type=ssh,id=other,target=/s test ! -e /s",
        ].join("\n");
        const { tag } = await recipes.ok(text, { folder, flags: ["--ssh", `default=${socket}`] });
        const tree = await recipes.tree(tag);
        expect(tree.get("where")).toBe("f 644 0:0 /run/buildkit/ssh_agent.0\n");
        expect(tree.get("root-owns")).toBe("f 644 0:0 600:0:0:socket\n");
        expect(tree.get("listed")).toMatch(/^f 644 0:0 256 SHA256:\S+ the-key \(ED25519\)\n$/);
        expect(tree.get("text.sig")).toContain("BEGIN SSH SIGNATURE");
        expect(tree.get("tmp/owns")).toContain(" 640:1234:50\n");
        expect(tree.get("tmp/listed")).toContain("the-key");
        expect(tree.get("tmp/closed")).toMatch(/denied/i);
        expect(tree.has("run/buildkit")).toBe(false);
        // The person's agent is as it was.
        expect((await host("ssh-add -l")).out).toMatch(/the-key/);
        expect((await host("ssh-add -l")).out.trim().split("\n")).toHaveLength(1);
      } finally {
        agent.kill();
        await agent.exited;
      }
      const file = `${vial.folder}/no-socket`;
      writeFileSync(file, "a key");
      for (const wrong of [file, `${file}.absent`]) {
        const refused = await recipes.build("FROM busybox", { flags: ["--ssh", `default=${wrong}`] });
        expect({ code: refused.code, err: refused.err }).toEqual({
          code: 2,
          err: expect.stringContaining("ssh-add"),
        });
      }
    },
    30_000,
  );
});

test.skipIf(why !== undefined)(
  "nothing is left of all these builds",
  async () => await recipes.nothingLeft(),
);
