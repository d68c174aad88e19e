// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the recipe's variables

import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { openRecipes } from "./recipe.ts";

// What each instruction of a Dockerfile does to the config and to the files.

const { why, vial, recipes } = await openRecipes("Dockerfiles");

/** The paths of an image below these folders. */
async function below(tag: string, ...tops: readonly string[]): Promise<Record<string, string>> {
  const tree = await recipes.tree(tag);
  return Object.fromEntries(
    [...tree]
      .filter(([path]) => tops.some((top) => path === top || path.startsWith(`${top}/`)))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe.skipIf(why !== undefined)("the config", () => {
  test("every instruction sets its part, and the history says so as Docker does", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        "ARG WHO=me",
        'ENV A=1 B="two words"',
        "ENV C $A-$WHO",
        "LABEL a=b",
        "MAINTAINER somebody",
        "RUN true",
        'RUN ["/bin/echo", "exec form"]',
        "COPY a b /x/",
        "ADD --chown=1:2 --chmod=600 a /y",
        "WORKDIR /w",
        "WORKDIR v",
        "USER alice",
        "EXPOSE 80 81/udp",
        "VOLUME /data /more",
        "STOPSIGNAL SIGINT",
        "HEALTHCHECK --interval=5s --timeout=2s --retries=4 CMD true || false",
        "ONBUILD RUN true",
        'ENTRYPOINT ["/bin/sh", "-c"]',
        "CMD echo hi",
        'SHELL ["/bin/busybox", "sh", "-c"]',
      ].join("\n"),
      { files: { a: "a", b: "b" } },
    );
    expect(await recipes.config(tag)).toMatchObject({
      Env: expect.arrayContaining(["LAYER=image", "A=1", "B=two words", "C=1-me"]),
      Labels: { a: "b" },
      WorkingDir: "/w/v",
      User: "alice",
      ExposedPorts: { "80/tcp": {}, "81/udp": {} },
      Volumes: { "/data": {}, "/more": {} },
      StopSignal: "SIGINT",
      Healthcheck: { Test: ["CMD-SHELL", "true || false"], Interval: 5e9, Timeout: 2e9, Retries: 4 },
      OnBuild: ["RUN true"],
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ["/bin/sh", "-c", "echo hi"],
      Shell: ["/bin/busybox", "sh", "-c"],
    });
    const history = await vial.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}", tag);
    expect(history.split("\n").slice(0, 20).toReversed()).toEqual([
      "ARG WHO=me",
      "ENV A=1 B=two words",
      "ENV C=1-me",
      "LABEL a=b",
      "MAINTAINER somebody",
      "RUN |1 WHO=me /bin/sh -c true # buildkit",
      "RUN |1 WHO=me /bin/echo exec form # buildkit",
      "COPY a b /x/ # buildkit",
      "ADD --chown=1:2 --chmod=600 a /y # buildkit",
      "WORKDIR /w",
      "WORKDIR /w/v",
      "USER alice",
      "EXPOSE map[80/tcp:{} 81/udp:{}]",
      "VOLUME [/data /more]",
      "STOPSIGNAL SIGINT",
      `HEALTHCHECK &{["CMD-SHELL" "true || false"] "5s" "2s" "0s" "0s" '\\x04'}`,
      "ONBUILD RUN true",
      'ENTRYPOINT ["/bin/sh" "-c"]',
      'CMD ["/bin/sh" "-c" "echo hi"]',
      "SHELL [/bin/busybox sh -c]",
    ]);
  });

  test("an ENTRYPOINT drops the base's CMD and keeps the stage's own", async () => {
    const first = await recipes.ok('FROM busybox\nENTRYPOINT ["echo"]');
    expect((await recipes.config(first.tag)).Cmd ?? null).toBeNull();
    const second = await recipes.ok('FROM busybox\nCMD ["x"]\nENTRYPOINT ["echo"]');
    expect((await recipes.config(second.tag)).Cmd).toEqual(["x"]);
    const none = await recipes.ok('FROM busybox\nHEALTHCHECK CMD ["a", "b"]\nHEALTHCHECK NONE');
    expect((await recipes.config(none.tag)).Healthcheck).toEqual({ Test: ["NONE"] });
  });

  test("ONBUILD of a base comes first, and does not come again", async () => {
    const base = await recipes.ok(
      "FROM busybox\nONBUILD COPY a /a\nONBUILD RUN cat /a > /b\nONBUILD ENV X=1",
    );
    const top = await recipes.ok(`FROM ${base.tag}\nRUN test "$X" = 1 && test -e /b`, { files: { a: "A" } });
    const config = await recipes.config(top.tag);
    expect(config.OnBuild ?? []).toEqual([]);
    expect(config.Env).toContain("X=1");
    expect(await below(top.tag, "a", "b")).toEqual({ a: "f 644 0:0 A", b: "f 644 0:0 A" });
    const again = await recipes.ok(`FROM ${top.tag}\nRUN true`);
    expect(await below(again.tag, "a")).toEqual({ a: "f 644 0:0 A" });
  });

  test("ARG and ENV have their scopes; --build-arg, defaults and automatic arguments reach RUN", async () => {
    const text = [
      "ARG TOP=top",
      "FROM busybox AS one",
      'RUN test -z "$TOP"',
      "ARG TOP",
      "ARG GIVEN=default",
      "ARG UNSET",
      "ARG TARGETARCH TARGETSTAGE BUILDPLATFORM",
      'RUN test "$TOP,$GIVEN,${UNSET-unset}" = top,given,unset',
      'RUN test "$TARGETSTAGE" = default && test -n "$TARGETARCH" && test "$BUILDPLATFORM" = "linux/$TARGETARCH"',
      "ENV GIVEN=env",
      "ARG GIVEN=later",
      'RUN test "$GIVEN" = env',
      "FROM one",
      'RUN test -z "$TOP" && test "$GIVEN" = env',
      'RUN test "${http_proxy#pro}" = xy.invalid',
    ].join("\n");
    const flags = ["--build-arg", "GIVEN=given", "--build-arg", "http_proxy=proxy.invalid"];
    const { tag, err } = await recipes.ok(text, { flags: [...flags, "--build-arg", "NOBODY=x"] });
    expect((await recipes.config(tag)).Env).not.toContain("http_proxy=proxy.invalid");
    expect(await vial.ok("history", "--no-trunc", tag)).not.toContain("proxy.invalid");
    expect(err).toContain("NOBODY");
    // Another proxy makes no other image.
    const other = ["--build-arg", "GIVEN=given", "--build-arg", "http_proxy=another.invalid"];
    const again = await recipes.ok(text.replace('RUN test "${http_proxy#pro}" = xy.invalid', ""), {
      flags: other,
    });
    expect(again.cached).toBe(5);
  });

  test("SHELL runs what comes behind it, also heredocs", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        'SHELL ["/bin/sh", "-e", "-c"]',
        "RUN <<EOF",
        "false || true",
        "echo $0 $- > /how",
        "EOF",
      ].join("\n"),
    );
    expect((await below(tag, "how")).how).toMatch(/e/);
  });
});

describe.skipIf(why !== undefined)("RUN and the folder it works in", () => {
  test("heredocs: lines of a shell, an interpreter of their own, several, and files of COPY", async () => {
    const text = `FROM busybox
ARG name=world
RUN <<EOF
echo "hello $name" > /a
echo second >> /a
EOF
RUN <<EOF
#!/bin/awk -f
BEGIN { print "awk" > "/b" }
EOF
RUN cat - <<ONE /dev/fd/3 3<<TWO > /c
one
ONE
two
TWO
COPY <<EOF <<-"RAW" /d/
expanded $name
EOF
	raw $name
RAW
COPY --chmod=755 --chown=alice:staff <<script /run-me
#!/bin/sh
script
RUN ["/bin/sh", "-c", "echo exec > /e"]
`;
    const { tag } = await recipes.ok(text);
    expect(await below(tag, "a", "b", "c", "d", "e", "run-me", "dev/pipes")).toEqual({
      a: "f 644 0:0 hello world\nsecond\n",
      b: "f 644 0:0 awk\n",
      c: "f 644 0:0 one\ntwo\n",
      d: "d 755 0:0",
      "d/EOF": "f 644 0:0 expanded world\n",
      "d/RAW": "f 644 0:0 raw $name\n",
      e: "f 644 0:0 exec\n",
      "run-me": "f 755 1000:50 #!/bin/sh\n",
    });
  });

  test("USER and WORKDIR decide who runs where, and whose new folders are", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        "WORKDIR /one/two",
        "RUN touch root",
        "USER alice:staff",
        "WORKDIR /one/three/four",
        "RUN touch hers",
        "WORKDIR ../five",
        "USER 0",
        "RUN pwd > /pwd",
      ].join("\n"),
      { flags: ["--no-cache"] },
    );
    expect(await below(tag, "one", "pwd")).toEqual({
      one: "d 755 0:0",
      "one/two": "d 755 0:0",
      "one/two/root": "f 644 0:0 ",
      "one/three": "d 755 1000:50",
      "one/three/four/hers": "f 644 1000:50 ",
      "one/three/four": "d 755 1000:50",
      "one/three/five": "d 755 1000:50",
      pwd: "f 644 0:0 /one/three/five\n",
    });
  });

  test("--network=none has no way out, and nothing of a RUN's own mounts stays in the image", async () => {
    const before = await recipes.tree("busybox");
    const { tag } = await recipes.ok(
      "FROM busybox\nRUN --network=none ls /sys/class/net > /net\nRUN --network=host test -e /proc/self",
    );
    const after = await recipes.tree(tag);
    expect(after.get("net")).toBe("f 644 0:0 lo\n");
    expect([...after.keys()].filter((path) => !before.has(path))).toEqual(["net"]);
  });
});

describe.skipIf(why !== undefined)("COPY", () => {
  const files = {
    "a.txt": "a",
    "b.txt": "b",
    "c.md": "c",
    "dir/x.txt": "x",
    "dir/deep/y.txt": "y",
    "dir/deep/z.md": "z",
    "dir/tool": { text: "t", mode: 0o750 },
    "dir/link": { link: "x.txt" },
    "dir/out": { link: "/etc/passwd" },
    "to-dir": { link: "dir" },
  } as const;
  const wholeDir = (name: string) => ({
    [name]: "d 755 0:0",
    [`${name}/deep`]: "d 755 0:0",
    [`${name}/deep/y.txt`]: "f 644 0:0 y",
    [`${name}/deep/z.md`]: "f 644 0:0 z",
    [`${name}/link`]: "l 0:0 x.txt",
    [`${name}/out`]: "l 0:0 /etc/passwd",
    [`${name}/tool`]: "f 750 0:0 t",
    [`${name}/x.txt`]: "f 644 0:0 x",
  });

  test("files, folders, globs, links and several sources", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        "COPY a.txt /one",
        "COPY a.txt b.txt /two/",
        "COPY *.txt /three/",
        "COPY [a-b].* dir/*/y.txt /four/",
        "COPY dir /five",
        "COPY to-dir /six",
        "COPY --link dir/deep /seven/",
        "WORKDIR /eight",
        "COPY a.txt .",
        "COPY b.txt sub/",
        "COPY a.txt ../eight/x/../up",
        'COPY ["c.md", "/nine/with blank"]',
      ].join("\n"),
      { files },
    );
    expect(await below(tag, "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")).toEqual({
      one: "f 644 0:0 a",
      two: "d 755 0:0",
      "two/a.txt": "f 644 0:0 a",
      "two/b.txt": "f 644 0:0 b",
      three: "d 755 0:0",
      "three/a.txt": "f 644 0:0 a",
      "three/b.txt": "f 644 0:0 b",
      four: "d 755 0:0",
      "four/a.txt": "f 644 0:0 a",
      "four/b.txt": "f 644 0:0 b",
      "four/y.txt": "f 644 0:0 y",
      ...wholeDir("five"),
      ...wholeDir("six"),
      seven: "d 755 0:0",
      "seven/y.txt": "f 644 0:0 y",
      "seven/z.md": "f 644 0:0 z",
      eight: "d 755 0:0",
      "eight/a.txt": "f 644 0:0 a",
      "eight/sub": "d 755 0:0",
      "eight/sub/b.txt": "f 644 0:0 b",
      "eight/up": "f 644 0:0 a",
      nine: "d 755 0:0",
      "nine/with blank": "f 644 0:0 c",
    });
  });

  test("--chown by names of the image, --chmod in digits and letters, --parents, --exclude", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        "COPY --chown=alice:staff a.txt /one",
        "COPY --chown=1000 a.txt /two",
        "COPY --chown=7:8 --link dir/deep /three",
        "COPY --chmod=0640 dir/deep /four",
        "COPY --chmod=u=rwX,go=rX dir/deep dir/tool /five/",
        "COPY --parents dir/deep/y.txt a.txt /six/",
        "COPY --parents dir/./deep/y.txt /seven/",
        "COPY --exclude=*.md --exclude=tool --exclude=**/z.md dir /eight",
      ].join("\n"),
      { files },
    );
    expect(await below(tag, "one", "two", "three", "four", "five", "six", "seven", "eight")).toEqual({
      one: "f 644 1000:50 a",
      two: "f 644 1000:1000 a",
      three: "d 755 7:8",
      "three/y.txt": "f 644 7:8 y",
      "three/z.md": "f 644 7:8 z",
      four: "d 640 0:0",
      "four/y.txt": "f 640 0:0 y",
      "four/z.md": "f 640 0:0 z",
      five: "d 755 0:0",
      "five/tool": "f 755 0:0 t",
      "five/y.txt": "f 644 0:0 y",
      "five/z.md": "f 644 0:0 z",
      six: "d 755 0:0",
      "six/a.txt": "f 644 0:0 a",
      "six/dir": "d 755 0:0",
      "six/dir/deep": "d 755 0:0",
      "six/dir/deep/y.txt": "f 644 0:0 y",
      seven: "d 755 0:0",
      "seven/deep": "d 755 0:0",
      "seven/deep/y.txt": "f 644 0:0 y",
      eight: "d 755 0:0",
      "eight/deep": "d 755 0:0",
      "eight/deep/y.txt": "f 644 0:0 y",
      "eight/link": "l 0:0 x.txt",
      "eight/out": "l 0:0 /etc/passwd",
      "eight/x.txt": "f 644 0:0 x",
    });
  });

  test("--from a stage by name and number, an image, and contexts by name", async () => {
    const more = recipes.context({ "in-more": "more", hidden: "no", ".dockerignore": "hidden\n" });
    const { tag } = await recipes.ok(
      [
        "FROM busybox AS First",
        "RUN mkdir -m 700 /made && echo 1 > /made/file && chown -R alice /made && ln /made/file /made/hard",
        "FROM busybox",
        "COPY --from=first /made /by-name",
        "COPY --from=0 /made/fil? /by-number/",
        "COPY --from=busybox /etc/passwd /by-image",
        "COPY --from=more . /by-context/",
        "COPY --from=renamed /etc/group /by-image-context",
      ].join("\n"),
      { flags: ["--build-context", `more=${more}`, "--build-context", "renamed=docker-image://busybox"] },
    );
    expect(await below(tag, "by-name", "by-number", "by-context")).toEqual({
      "by-name": "d 700 1000:0",
      "by-name/file": "f 644 1000:0 1\n",
      "by-name/hard": "f 644 1000:0 1\n",
      "by-number": "d 755 0:0",
      "by-number/file": "f 644 1000:0 1\n",
      "by-context": "d 755 0:0",
      "by-context/.dockerignore": "f 644 0:0 hidden\n",
      "by-context/in-more": "f 644 0:0 more",
    });
    const tree = await recipes.tree(tag);
    expect(tree.get("by-image")).toBe(tree.get("etc/passwd"));
    expect(tree.get("by-image-context")).toBe(tree.get("etc/group"));
  });

  test("hard links of a stage or an image stay links within one COPY, and the digest does not vary", async () => {
    const text = [
      "FROM busybox AS made",
      "RUN mkdir -p /m/a /m/b && head -c 100000 /dev/zero > /m/b/one && ln /m/b/one /m/a/two && ln /m/b/one /m/three && echo own > /m/four && ln /m/four /outside",
      "FROM busybox AS copied",
      "COPY --from=made --chown=alice /m /c",
      "COPY --from=made /m/three /alone",
      "COPY --from=made /m/a/two /m/three /both/",
      "FROM busybox",
      "COPY --from=copied /c /c",
      "RUN stat -c '%n %h %U' /c/b/one /c/a/two /c/three /c/four > /links",
      "COPY --from=copied /both /both",
      "RUN stat -c %h /both/three > /both-links; stat -c %h /bin/busybox > /applets",
    ].join("\n");
    const built = await recipes.ok(text);
    const tree = await recipes.tree(built.tag);
    expect(tree.get("links")).toBe(
      "f 644 0:0 /c/b/one 3 alice\n/c/a/two 3 alice\n/c/three 3 alice\n/c/four 1 alice\n",
    );
    expect(tree.get("both-links")).toBe("f 644 0:0 2\n");
    const again = await recipes.ok(text, { folder: built.folder, flags: ["--no-cache"] });
    expect(again.out).toBe(built.out);
    // Files with the same content that are no links are another step.
    const apart = await recipes.ok(text.replaceAll("&& ln /m", "&& cp -p /m"), { folder: built.folder });
    expect((await recipes.tree(apart.tag)).get("links")).toContain("/c/b/one 1 alice");
  }, 30_000);

  test("a file over a file, links of the image stay inside of it, and a folder over a file is refused", async () => {
    const { tag } = await recipes.ok(
      [
        "FROM busybox",
        "RUN mkdir /real && ln -s /real /way && ln -s ../../../real /up && echo old > /real/x.txt",
        "COPY dir/x.txt /way/",
        "COPY dir/x.txt /up/second",
        "COPY a.txt /real/x.txt",
        "RUN ln -s /etc/passwd /real/link",
        "COPY a.txt /real/link",
      ].join("\n"),
      { files },
    );
    expect(await below(tag, "real", "way")).toEqual({
      real: "d 755 0:0",
      "real/link": "f 644 0:0 a",
      "real/second": "f 644 0:0 x",
      "real/x.txt": "f 644 0:0 a",
      way: "l 0:0 /real",
    });
    const over = await recipes.build("FROM busybox\nRUN touch /f\nCOPY dir /f", { files });
    expect(over.code).toBe(1);
    expect(over.err).toContain('Cannot make the folder "/f": a file is there');
    const file = await recipes.build("FROM busybox\nRUN mkdir -p /d/a.txt/x\nCOPY a.txt /d/", { files });
    expect(file.code).toBe(1);
    expect(file.err).toContain('Cannot put a file at "/d/a.txt": a folder with files is there');
  });

  test("names that are odd: not UTF-8, a newline, a leading dash, a glob character", async () => {
    const folder = recipes.context({ "-dash": "1", "new\nline": "2", "star*": "3", ü: "4", "in/[x]": "5" });
    const inside = (...bytes: readonly number[]) =>
      Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)]);
    writeFileSync(inside(0x62, 0xff, 0x64), "6");
    mkdirSync(inside(0x69, 0x6e, 0x2f, 0xfe));
    writeFileSync(inside(0x69, 0x6e, 0x2f, 0xfe, 0x2f, 0xfd), "7");
    const text = [
      "FROM busybox",
      "COPY . /all/",
      "COPY b*d ? new* /some/",
      "COPY -dash /dash",
      "COPY in/[[]x] /bracket",
      "COPY ü /ü",
      "COPY in/* /in/",
    ].join("\n");
    const { tag } = await recipes.ok(text, { folder });
    const { "all/Dockerfile": _recipe, ...found } = await below(
      tag,
      "all",
      "some",
      "dash",
      "bracket",
      "in",
      "\xc3\xbc",
    );
    expect(found).toEqual({
      all: "d 755 0:0",
      "all/-dash": "f 644 0:0 1",
      "all/b\xffd": "f 644 0:0 6",
      "all/in": "d 755 0:0",
      "all/in/[x]": "f 644 0:0 5",
      "all/in/\xfe": "d 755 0:0",
      "all/in/\xfe/\xfd": "f 644 0:0 7",
      "all/new\nline": "f 644 0:0 2",
      "all/star*": "f 644 0:0 3",
      "all/\xc3\xbc": "f 644 0:0 4",
      some: "d 755 0:0",
      "some/b\xffd": "f 644 0:0 6",
      "some/new\nline": "f 644 0:0 2",
      "some/\xc3\xbc": "f 644 0:0 4",
      dash: "f 644 0:0 1",
      bracket: "f 644 0:0 5",
      "\xc3\xbc": "f 644 0:0 4",
      in: "d 755 0:0",
      "in/[x]": "f 644 0:0 5",
      "in/\xfd": "f 644 0:0 7",
    });
  });

  test(".dockerignore: patterns, exceptions, the recipe's own file, and what it leaves out cannot be copied", async () => {
    const ignored = {
      ".dockerignore": "**/*.md\n!keep.md\n/build\nbuild2/**\n!build2/in\n.dockerignore\nDockerfile\n",
      "keep.md": "k",
      "drop.md": "d",
      "sub/drop.md": "d",
      "sub/keep.md": "d",
      "build/x": "x",
      "sub/build/x": "x",
      "build2/in": "i",
      "build2/out": "o",
    };
    const { tag, folder } = await recipes.ok("FROM busybox\nCOPY . /all/", { files: ignored });
    expect(await below(tag, "all")).toEqual({
      all: "d 755 0:0",
      "all/build2": "d 755 0:0",
      "all/build2/in": "f 644 0:0 i",
      "all/keep.md": "f 644 0:0 k",
      "all/sub": "d 755 0:0",
      "all/sub/build": "d 755 0:0",
      "all/sub/build/x": "f 644 0:0 x",
    });
    const own = await recipes.ok("FROM busybox\nCOPY . /all/", {
      folder,
      name: "Other",
      files: { "Other.dockerignore": "*\n!build\n" },
    });
    expect(await below(own.tag, "all")).toEqual({
      all: "d 755 0:0",
      "all/build": "d 755 0:0",
      "all/build/x": "f 644 0:0 x",
    });
    const refused = await recipes.build("FROM busybox\nCOPY build/x /", { folder });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("the .dockerignore leaves it out");
    expect(refused.err).toContain(">   2 | COPY build/x /");
  });
});

test.skipIf(why !== undefined)(
  "nothing is left of all these builds",
  async () => await recipes.nothingLeft(),
);
