import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { openRecipes } from "./recipe.ts";

// Where the files of a build come from, where its result goes, and that nothing but them decides about its bytes.

const { why, vial, recipes } = await openRecipes("contexts and outputs of builds");

function shell(script: string, cwd: string): string {
  const done = Bun.spawnSync(["sh", "-ec", script], {
    cwd,
    env: {
      ...(process.env as Record<string, string>),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@example.com",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@example.com",
    },
  });
  if (done.exitCode !== 0) throw new Error(`${script}: ${done.stderr}`);
  return done.stdout.toString();
}

/** A server on the loopback: the files of a folder, and git's smart protocol for REPO.git. */
function serve(folder: string, login?: { readonly user: string; readonly password: string }) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const url = new URL(request.url);
      const wanted = login === undefined ? null : `Basic ${btoa(`${login.user}:${login.password}`)}`;
      if (request.headers.get("authorization") !== wanted) return new Response("", { status: 401 });
      if (!url.pathname.includes(".git/")) {
        const file = Bun.file(`${folder}${url.pathname}`);
        return (await file.exists()) ? new Response(file) : new Response("", { status: 404 });
      }
      const child = Bun.spawn(["git", "http-backend"], {
        env: {
          PATH: process.env.PATH ?? "",
          GIT_PROJECT_ROOT: folder,
          GIT_HTTP_EXPORT_ALL: "1",
          PATH_INFO: url.pathname,
          QUERY_STRING: url.search.slice(1),
          REQUEST_METHOD: request.method,
          CONTENT_TYPE: request.headers.get("content-type") ?? "",
          HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "",
          GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: "safe.directory",
          GIT_CONFIG_VALUE_0: "*",
        },
        stdin: new Uint8Array(await request.arrayBuffer()),
        stdout: "pipe",
        stderr: "ignore",
      });
      const answer = Buffer.from(await new Response(child.stdout).arrayBuffer());
      const end = answer.indexOf("\r\n\r\n");
      const lines = answer.subarray(0, end).toString().split("\r\n");
      const headers = new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
      const status = Number(headers.get("status")?.slice(0, 3) ?? 200);
      headers.delete("status");
      return new Response(answer.subarray(end + 4), { status, headers });
    },
  });
}

describe.skipIf(why !== undefined)("ADD", () => {
  test("unpacks archives of the context, by content; others are copied", async () => {
    const folder = recipes.context({
      "in/dir/file": { text: "packed", mode: 0o640 },
      "plain.tar": "no archive",
    });
    shell(
      "tar --owner=7 --group=8 -C in -cf a.tar dir; gzip -k a.tar; xz -k a.tar; bzip2 -k a.tar; zstd -q a.tar; mv a.tar.gz odd-name; printf x | gzip > just.gz",
      folder,
    );
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        "ADD a.tar /tar/",
        "ADD odd-name /gz",
        "ADD a.tar.xz /xz/",
        "ADD a.tar.bz2 /bz2/",
        "ADD --chown=1:1 a.tar.zst /zst/",
        "ADD plain.tar just.gz /copied/",
        "ADD --unpack=false a.tar /kept/",
        "ADD in /folder/",
      ].join("\n"),
      { folder },
    );
    const tree = await recipes.tree(tag);
    for (const name of ["tar", "gz", "xz", "bz2", "zst"])
      expect([name, tree.get(`${name}/dir/file`)]).toEqual([name, "f 640 7:8 packed"]);
    expect(tree.get("copied/plain.tar")).toBe("f 644 0:0 no archive");
    expect(tree.has("copied/just.gz")).toBe(true);
    expect(tree.get("kept/a.tar")).toMatch(/^f 644 0:0 /);
    expect(tree.get("folder/dir/file")).toBe("f 640 0:0 packed");
  });

  test("an archive whose unpacker is not here, or that is cut off, is an error and is not copied packed", async () => {
    const folder = recipes.context({ big: new Uint8Array(crypto.getRandomValues(Buffer.alloc(65_536))) });
    shell("tar -cf a.tar big; xz -k a.tar; bzip2 -k a.tar; gzip -k a.tar", folder);
    for (const [program, suffix, debian] of [
      ["xz", "xz", "xz-utils"],
      ["bzip2", "bz2", "bzip2"],
    ] as const) {
      writeFileSync(`${folder}/Dockerfile`, `FROM scratch\nADD a.tar.${suffix} /x/`);
      // Hidden for this build alone: findProgram() also looks where no PATH leads.
      const hide = `for at in /usr/local/bin /usr/bin /bin; do test ! -e $at/${program} || mount --bind /dev/null $at/${program}; done`;
      const script = `${hide}; exec "$0" build --progress plain "$1"`;
      const made = await vial.command(["unshare", "-m", "sh", "-ec", script, vial.program, folder]);
      expect(made.code).toBe(1);
      expect(made.err).toContain(`Cannot find the program "${program}" at Dockerfile:2`);
      expect(made.err).toContain(`[next: apt-get install ${debian}]`);
    }
    for (const suffix of ["xz", "gz"]) {
      shell(`truncate -s 40000 a.tar.${suffix}`, folder);
      const built = await recipes.build(`FROM scratch\nADD a.tar.${suffix} /x/`, { folder });
      expect(built.code).toBe(1);
      expect(built.err).toMatch(/damaged.* at .*Dockerfile:2/);
      expect(built.err).not.toContain("This is a bug");
    }
    expect(recipes.unfinished()).toEqual([]);
  }, 30_000);

  test("fetches an address, checks it, and says what the server answered", async () => {
    const folder = recipes.context({ file: "fetched", "pack.tar": "x" });
    await using server = serve(folder);
    const digest = new Bun.CryptoHasher("sha256").update("fetched").digest("hex");
    const at = `http://127.0.0.1:${server.port}`;
    const { tag } = await recipes.ok(
      `FROM busybox\nADD --checksum=sha256:${digest} --chmod=755 ${at}/file /x/\nADD ${at}/file /named\n`,
    );
    const tree = await recipes.tree(tag);
    expect(tree.get("x/file")).toBe("f 755 0:0 fetched");
    expect(tree.get("named")).toBe("f 600 0:0 fetched");
    const wrong = await recipes.build(`FROM busybox\nADD --checksum=sha256:${"0".repeat(64)} ${at}/file /x/`);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain(`found sha256:${digest}`);
    expect(wrong.err).toMatch(/^> +2 \|/m);
    const missing = await recipes.build(`FROM busybox\nADD ${at}/nothing ${at}/file /x/`);
    expect(missing.code).toBe(75);
    expect(missing.err).toContain("404");
    expect(recipes.unfinished()).toEqual([]);
    // Other content is another step.
    writeFileSync(`${folder}/file`, "changed");
    const again = await recipes.ok(`FROM busybox\nADD ${at}/file /named\n`);
    expect((await recipes.tree(again.tag)).get("named")).toBe("f 600 0:0 changed");
  });
});

describe.skipIf(why !== undefined)("a context", () => {
  const text = "FROM busybox\nCOPY . /all/\nRUN ls -A /all > /list";
  const files = {
    a: "a",
    "sub/b": "b",
    ".dockerignore": "*.log\n.dockerignore\n",
    "x.log": "x",
    Dockerfile: text,
  };

  test("as a tar on standard input, plain and packed, with the recipe inside", async () => {
    const folder = recipes.context({ ...files, "other/Recipe": "FROM busybox\nCOPY a /only" });
    for (const pack of ["cat", "gzip", "xz"]) {
      const input = Bun.spawnSync(["sh", "-c", `tar -c . | ${pack}`], { cwd: folder }).stdout;
      const { code, err } = await vial.call(["build", "-t", "piped", "-"], { input });
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("Built piped") });
      const tree = await recipes.tree("piped");
      expect(tree.get("all/sub/b")).toBe("f 644 0:0 b");
      expect(tree.get("list")).toBe("f 644 0:0 Dockerfile\na\nother\nsub\n");
      const other = await vial.call(["build", "-t", "piped", "-f", "other/Recipe", "-"], { input });
      expect(other.code).toBe(0);
      expect((await recipes.tree("piped")).get("only")).toBe("f 644 0:0 a");
    }
    expect(recipes.unfinished()).toEqual([]);
    const input = Bun.spawnSync(["tar", "-c", "a"], { cwd: folder }).stdout;
    const none = await vial.call(["build", "-"], { input });
    expect(none.code).toBe(1);
    expect(none.err).toContain("Dockerfile");
    expect(none.err).not.toContain("This is a bug");
  });

  test("none, with the recipe on standard input; or a folder, and `-f -`", async () => {
    const alone = await vial.call(["build", "-t", "piped", "-"], { input: "FROM busybox\nRUN echo 1 > /1" });
    expect(alone.code).toBe(0);
    const copies = await vial.call(["build", "-"], { input: "FROM busybox\nCOPY a /" });
    expect(copies.code).toBe(2);
    expect(copies.err).toContain("-f -");
    const folder = recipes.context(files);
    const both = await vial.call(["build", "-t", "piped", "-f", "-", folder], {
      input: "FROM busybox\nCOPY a /a",
    });
    expect(both.code).toBe(0);
    expect((await recipes.tree("piped")).get("a")).toBe("f 644 0:0 a");
  });

  test("a git repository, at a branch and in a folder of it; ADD of one; and as a context by name", async () => {
    const folder = recipes.context({ "work/sub/Dockerfile": "FROM busybox\nCOPY f /f", "work/sub/f": "one" });
    shell(
      "cd work; git init -q -b main; git add .; git commit -qm 1; git checkout -qb other; echo two > sub/f; git commit -qam 2; git checkout -q main; cd ..; git clone -q --bare work repo.git",
      folder,
    );
    await using server = serve(folder);
    const at = `http://127.0.0.1:${server.port}/repo.git`;
    const build = async (...words: readonly string[]) => {
      const { code, err } = await vial.call(["build", "-t", "cloned", ...words]);
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("Built cloned") });
      return await recipes.tree("cloned");
    };
    expect((await build(`${at}#main:sub`)).get("f")).toBe("f 644 0:0 one");
    expect((await build(`${at}#other:sub`)).get("f")).toBe("f 644 0:0 two\n");
    const add = recipes.context({
      Dockerfile: `FROM busybox\nADD ${at}#main /repo/\nADD --keep-git-dir=true ${at} /kept/`,
    });
    const added = await build(add);
    expect(added.get("repo/sub/f")).toBe("f 644 0:0 one");
    expect(added.has("repo/.git")).toBe(false);
    expect(added.has("kept/.git/HEAD")).toBe(true);
    const named = recipes.context({ Dockerfile: "FROM busybox\nCOPY --from=src /sub/f /f" });
    expect((await build("--build-context", `src=${at}`, named)).get("f")).toBe("f 644 0:0 one");
    const absent = await vial.call(["build", `${at}#nowhere`]);
    expect(absent.code).toBe(75);
    expect(absent.err).toContain("nowhere");
    const below = await vial.call(["build", `${at}#main:nowhere`]);
    expect(below.code).not.toBe(0);
    expect(below.err).not.toContain("This is a bug");
    expect(recipes.unfinished()).toEqual([]);
  });

  test("an archive at an address, or a recipe; as the context, and as one by name", async () => {
    const folder = recipes.context({
      ...files,
      "other/Recipe": "FROM busybox\nCOPY a /only",
      "page.html": "<html>",
    });
    const archives = recipes.context({
      alone: "FROM busybox\nRUN echo alone > /alone",
      noise: Buffer.alloc(999),
    });
    shell(
      `tar -cf ${archives}/plain . ; tar -czf ${archives}/packed.tar.gz .; cp page.html ${archives}`,
      folder,
    );
    shell("head -c 60000 /dev/urandom > big; tar -cz big | head -c 30000 > cut.tar.gz", archives);
    await using server = serve(archives, { user: "someone", password: "S3CRET" });
    const at = `http://someone:S3CRET@127.0.0.1:${server.port}`;
    const build = async (...words: readonly string[]) => {
      const { code, err } = await vial.call(["build", "-t", "fetched", ...words]);
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("Built fetched") });
      return await recipes.tree("fetched");
    };
    for (const name of ["plain", "packed.tar.gz?x=1"]) {
      const tree = await build(`${at}/${name}`);
      expect(tree.get("all/sub/b")).toBe("f 644 0:0 b");
      expect(tree.has("all/x.log")).toBe(false);
    }
    expect((await build("-f", "other/Recipe", `${at}/plain`)).get("only")).toBe("f 644 0:0 a");
    expect((await build(`${at}/alone`)).get("alone")).toBe("f 644 0:0 alone\n");
    const named = recipes.context({ Dockerfile: "FROM busybox\nCOPY --from=src sub/b /b" });
    expect((await build("--build-context", `src=${at}/packed.tar.gz`, named)).get("b")).toBe("f 644 0:0 b");
    const bad: Readonly<Record<string, readonly [string, string, number]>> = {
      nothing: ["404", "", 75],
      noise: ["neither a tar archive nor a recipe", "", 75],
      "page.html": ["web page", "", 75],
      "cut.tar.gz": ["damaged", "", 1],
      alone: ["the recipe itself came in its place", "FROM busybox\nCOPY a /", 2],
    };
    for (const [name, [says, recipe, code]] of Object.entries(bad)) {
      const words = recipe === "" ? [] : ["-f", "-"];
      const built = await vial.call(["build", ...words, `${at}/${name}`], { input: recipe });
      expect({ name, code: built.code, err: built.err }).toEqual({
        name,
        code,
        err: expect.stringContaining(says),
      });
      expect(built.err).not.toContain("This is a bug");
      expect(built.err).not.toContain("S3CRET");
    }
    // A server that breaks off is an error about the server.
    await using rude = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nFROM") },
    });
    const broken = await vial.run("build", `http://127.0.0.1:${rude.port}/x`);
    expect({ code: broken.code, err: broken.err }).toEqual({
      code: 75,
      err: expect.stringContaining("Cannot fetch the build context"),
    });
    await recipes.nothingLeft();
  }, 30_000);

  test("that is not there", async () => {
    const file = `${vial.folder}/no-folder`;
    writeFileSync(file, "");
    for (const place of ["/no/such/folder", file, ""]) {
      const { code, err } = await vial.run("build", place);
      expect({ place, code }).toEqual({ place, code: 1 });
      expect(err).toContain(`Cannot use "${place}" as the build context`);
      expect(err).not.toContain("This is a bug");
    }
  });
});

describe.skipIf(why !== undefined)("an output", () => {
  test("several names, the id and the description in files, quiet, and no name at all", async () => {
    const folder = recipes.context({ Dockerfile: "FROM busybox\nRUN echo 1 > /1" });
    const paths = { id: `${vial.folder}/iid`, meta: `${vial.folder}/meta` };
    const words = [
      "build",
      "-q",
      "-t",
      "one:a",
      "-t",
      "two",
      "--iidfile",
      paths.id,
      "--metadata-file",
      paths.meta,
    ];
    const { code, out, err } = await vial.run(...words, folder);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(readFileSync(paths.id, "utf8")).toBe(out.trim());
    const id = out.trim();
    expect(await vial.ok("image", "inspect", "--format", "{{.Id}}", "one:a", "two:latest")).toBe(
      `${id}\n${id}`,
    );
    const meta = JSON.parse(readFileSync(paths.meta, "utf8"));
    expect(meta).toMatchObject({
      "containerimage.config.digest": id,
      "image.name": "docker.io/library/one:a,docker.io/library/two:latest",
    });
    const raw = await vial.run("build", "--progress", "rawjson", folder);
    const events = raw.err
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.at(-1)).toMatchObject({ kind: "built", "containerimage.config.digest": id });
    expect(meta["containerimage.descriptor"]).toMatchObject({ digest: meta["containerimage.digest"] });
    expect(await vial.ok("run", "--rm", id.slice(7, 19), "cat", "/1")).toBe("1");
  });

  test("type=oci, docker, tar and local; skopeo and umoci read them", async () => {
    const folder = recipes.context({ Dockerfile: "FROM busybox\nRUN echo 1 > /1\nCMD echo" });
    const at = `${vial.folder}/out`;
    mkdirSync(at);
    const outputs = [
      `type=oci,dest=${at}/oci.tar`,
      `type=docker,dest=${at}/docker.tar`,
      `type=tar,dest=${at}/files.tar`,
      `type=local,dest=${at}/files`,
    ];
    await vial.ok("build", "-t", "out:1", ...outputs.flatMap((output) => ["-o", output]), folder);
    expect(readFileSync(`${at}/files/1`, "utf8")).toBe("1\n");
    expect(shell("tar -xOf files.tar 1 || tar -xOf files.tar ./1", at)).toBe("1\n");
    if (Bun.which("skopeo") !== null) {
      const inspect = JSON.parse(shell("skopeo inspect --config docker-archive:docker.tar:out:1", at));
      expect(inspect.config.Cmd).toEqual(["/bin/sh", "-c", "echo"]);
      shell("skopeo copy -q --insecure-policy oci-archive:oci.tar oci:layout:1", at);
      if (Bun.which("umoci") !== null) {
        shell("umoci unpack --image layout:1 bundle", at);
        expect(readFileSync(`${at}/bundle/rootfs/1`, "utf8")).toBe("1\n");
      }
    }
    const piped = await vial.command(["sh", "-c", `${vial.program} build -q -o - ${folder} | tar -tf -`]);
    expect(piped.out).toMatch(/^(\.\/)?bin\/busybox$/m);
    for (const flag of ["--graph", "--iidfile", "--metadata-file", "--output"]) {
      const path = flag === "--graph" ? "/no/such/file.svg" : "/no/such/file";
      const words = [flag, flag === "--output" ? `type=tar,dest=${path}` : path];
      const unwritable = await vial.run("build", ...words, folder);
      expect(unwritable.code).toBe(1);
      expect(unwritable.err).toContain(`Cannot write the file "${path}" of ${flag}`);
    }
    for (const output of ["type=zip,dest=x", "type=oci,dest=x,tar=false"]) {
      const bad = await vial.run("build", "-o", output, folder);
      expect({ output, code: bad.code }).toEqual({ output, code: 2 });
    }
  });

  test("elsewhere is in place of the store: no image is left without a name, and no ID is in the stream", async () => {
    const folder = recipes.context({ Dockerfile: "FROM busybox\nRUN echo elsewhere > /1" });
    const at = `${vial.folder}/elsewhere`;
    mkdirSync(at);
    const images = async () => (await vial.ok("images", "-a", "-q", "--no-trunc")).split("\n").toSorted();
    const before = await images();
    for (const type of ["local", "tar", "oci", "docker"]) {
      const { code, err } = await vial.call(["build", "-o", `type=${type},dest=${at}/${type}`, folder]);
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining(`Built ${at}/${type} in`) });
    }
    expect(await images()).toEqual(before);
    expect(readFileSync(`${at}/local/1`, "utf8")).toBe("elsewhere\n");
    // What is in the archives is whole: they are images elsewhere.
    const env = { VIAL_ROOT: `${at}/store` };
    for (const type of ["oci", "docker"])
      expect((await vial.call(["load", "-q", "-i", `${at}/${type}`], { env })).code).toBe(0);
    const ids = await vial.call(["images", "-q", "--no-trunc"], { env });
    expect(ids.out).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    // A name, or the store as an output, keeps it. Of a repository only the tag that was built is in the archive.
    await vial.ok("tag", "busybox", "kept:other");
    const words = ["build", "-q", "-t", "kept:1", "-o", "type=docker,dest=-", folder];
    const piped = await vial.command(["sh", "-c", '"$0" "$@" > archive', vial.program, ...words], {
      cwd: at,
    });
    expect({ code: piped.code, out: piped.out }).toEqual({ code: 0, out: "" });
    expect(shell("tar -xOf archive manifest.json", at)).toMatch(/"RepoTags":\["[^",]*kept:1"\]/);
    expect(shell("tail -c 512 archive | tr -d '\\000'", at)).toBe("");
    expect(await vial.ok("image", "inspect", "--format", "{{.Id}}", "kept:1")).toBe(ids.out.trim());
    await vial.ok("rmi", "kept:1", "kept:other");
    await vial.ok("build", "-q", "-o", "type=image", folder);
    expect(await images()).toEqual([...before, ids.out.trim()].toSorted());
  }, 30_000);
});

describe.skipIf(why !== undefined)("the same bytes", () => {
  const dockerfile = [
    "FROM scratch AS none",
    "FROM busybox AS made",
    "RUN mkdir /d && echo made > /d/f && ln -s f /d/l && ln /d/f /d/h && date > /dev/null",
    "RUN hostname > /host; umask > /umask; env | sort > /env",
    "FROM busybox",
    "WORKDIR /w",
    "COPY . /all/",
    "COPY --from=made /d /host /umask /env /d/",
    "RUN find /all -type f | sort | xargs cat > /sum; touch /now; mkdir /newdir",
    "RUN --mount=type=cache,target=/c --mount=type=bind,target=/b echo $(ls /b) > /b-list",
    "RUN --mount=type=bind,target=/b --mount=type=bind,source=f1,target=/f cp -a /b /b-copied; cp -p /f /f-copied; stat -c '%n %u:%g %Y' /b /b/sub /f >> /b-list",
    "RUN --mount=type=bind,target=/b,rw --mount=type=bind,source=f1,target=/f,rw cp -a /b /b-again; cp -p /f /f-again",
    "ADD x.tar /x/",
    "LABEL a=b",
  ].join("\n");
  const definition = [
    "Bootstrap: docker",
    "From: busybox",
    "%files",
    "  f1 /f1",
    "  sub /copied",
    "%environment",
    "  export A=1",
    "%post",
    "  mkdir /made",
    "  cd /made",
    "  date > /dev/null; touch now",
    "  hostname > host; env | sort > env; umask > umask",
    "%runscript",
    "  exec echo hi",
    "%labels",
    "  a b",
    "%test",
    "  test -f /made/now",
    "%apprun one",
    "  exec echo one",
  ].join("\n");

  /** A context with the same files, made in another order and with other times. */
  function contextOf(names: readonly string[], time: number): string {
    const folder = recipes.context(
      Object.fromEntries([
        ...names.map((name) => [name, name]),
        ["Dockerfile", dockerfile],
        ["x.def", definition],
      ]),
    );
    shell("tar --sort=name --mtime=@5 --owner=0 --group=0 -cf x.tar f1 sub", folder);
    for (const name of [...names, "x.tar", "sub"]) utimesSync(`${folder}/${name}`, time, time);
    return folder;
  }

  test("whatever the clock, the umask, the folder, the place, the language, HOME and the order of files are", async () => {
    const names = ["f1", "f2", "sub/g1", "sub/g2", "sub/ü"];
    const tar = `${vial.folder}/base.tar`;
    await vial.ok("save", "-o", tar, "busybox");
    const variants = [
      { root: "one", folder: contextOf(names, 1_000_000_000), umask: "022", env: { TZ: "UTC", LANG: "C" } },
      {
        root: "two",
        folder: contextOf(names.toReversed(), 1_700_000_000),
        umask: "077",
        env: {
          TZ: "Pacific/Auckland",
          LANG: "tr_TR.UTF-8",
          LC_ALL: "tr_TR.UTF-8",
          HOME: "/nonexistent",
          USER: "x",
        },
      },
    ];
    const made = [];
    for (const { root, folder, umask, env } of variants) {
      const elsewhere = `${vial.folder}/store-${root}`;
      const run = async (...words: readonly string[]) => {
        const script = `umask ${umask}; exec "$0" "$@"`;
        const argv = ["sh", "-c", script, vial.program, ...words];
        const uts = root === "two" ? ["unshare", "-u", "sh", "-c", 'hostname other; exec "$0" "$@"'] : [];
        const { code, out, err } = await vial.command([...uts, ...argv], {
          env: { ...env, VIAL_ROOT: elsewhere },
          cwd: root === "two" ? "/" : folder,
          timeout: 60_000,
        });
        if (code !== 0) throw new Error(err);
        return out;
      };
      await run("load", "-q", "-i", tar);
      await run("build", "-q", "-t", "d", folder);
      await run("build", "-q", "-t", "s", "-f", `${folder}/x.def`, folder);
      for (const name of ["d", "s"]) await run("save", "-o", `${vial.folder}/${root}-${name}.tar`, name);
      made.push({ d: await run("image", "inspect", "d"), s: await run("image", "inspect", "s") });
    }
    const [one, two] = made.map(({ d, s }) => [JSON.parse(d)[0], JSON.parse(s)[0]]);
    expect(two?.map(({ Id }) => Id)).toEqual(one?.map(({ Id }) => Id) ?? []);
    expect(two?.map(({ Descriptor }) => Descriptor)).toEqual(one?.map(({ Descriptor }) => Descriptor) ?? []);
  }, 60_000);

  test("SOURCE_DATE_EPOCH is the time of the image and its history, and no file is newer", async () => {
    const folder = contextOf(["f1", "sub/g1"], 1_600_000_000);
    const env = { SOURCE_DATE_EPOCH: "1000000000" };
    const files = `${vial.folder}/epoch.tar`;
    for (const file of ["Dockerfile", "x.def"]) {
      const { code, err } = await vial.call(
        ["build", "-t", "epoch", "-f", `${folder}/${file}`, "-o", `type=tar,dest=${files}`, folder],
        { env },
      );
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("Built epoch") });
      const [{ Created }] = JSON.parse(await vial.ok("image", "inspect", "epoch"));
      expect(Created).toBe("2001-09-09T01:46:40Z");
      const newest = shell(
        `tar --full-time -tvf ${files} | awk '{ print $4, $5 }' | sort | tail -n 1`,
        folder,
      );
      expect(newest <= "2001-09-09 01:46:40\n").toBe(true);
    }
    const scratch = recipes.context({ Dockerfile: "FROM scratch\nCOPY a /a", a: "a" });
    await vial.call(["build", "-t", "epoch", scratch], { env });
    expect(await vial.ok("history", "--format", "{{.CreatedAt}}", "epoch")).toContain("2001-09-09T01:46:40Z");
  }, 60_000);
});

test.skipIf(why !== undefined)("nothing is left of all these builds", async () => {
  await recipes.nothingLeft();
  expect(existsSync(`${vial.root}/build/steps`)).toBe(true);
  expect(statSync(`${vial.root}/build`).mode & 0o77).toBe(0);
});
