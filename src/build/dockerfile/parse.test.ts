// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are recipes, not templates
import { describe, expect, test } from "bun:test";
import type { Instruction } from "./instruction.ts";
import { type RunScript, runScript } from "./instruction/run.ts";
import { parseDockerfile } from "./parse.ts";

/** The one instruction behind a FROM. */
function one(text: string): Instruction {
  const { instructions } = parseDockerfile(`FROM a\n${text}\n`);
  expect(instructions.length).toBe(2);
  return instructions[1]!;
}

const fails = (text: string, code: string, more: object = {}) =>
  expect(() => parseDockerfile(text)).toThrow(expect.objectContaining({ code, ...more }));

describe("parseDockerfile() reads each instruction", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["RUN echo $HOME", { kind: "run", command: { kind: "shell", text: "echo $HOME" }, network: "default" }],
    ['RUN ["a", "b c"]', { command: { kind: "exec", words: ["a", "b c"] } }],
    ["RUN ['a']", { command: { kind: "shell", text: "['a']" } }],
    ['RUN ["a" "b"]', { command: { kind: "shell", text: '["a" "b"]' } }],
    ['RUN ["a", "b"] more', { command: { kind: "shell", text: '["a", "b"] more' } }],
    ['RUN ["\\u00e9", "\\ud800"]', { command: { kind: "exec", words: ["é", "\uFFFD"] } }],
    ["RUN [[]", { command: { kind: "shell", text: "[[]" } }],
    ["RUN --network=none --security=insecure x", { network: "none", security: "insecure" }],
    ["RUN -- --x", { command: { kind: "shell", text: "--x" } }],
    ["run  x", { kind: "run", keyword: "run", line: "run  x" }],
    ["CMD", { command: { kind: "shell", text: "" } }],
    ["CMD []", { command: { kind: "exec", words: [] } }],
    ["ENTRYPOINT top -b", { kind: "entrypoint", command: { kind: "shell", text: "top -b" } }],
    ['SHELL ["/bin/bash", "-c"]', { kind: "shell", words: ["/bin/bash", "-c"] }],
    ["COPY a b /c/", { kind: "copy", sources: ["a", "b"], destination: "/c/", link: false, parents: false }],
    ['COPY ["a b", "c"]', { sources: ["a b"], destination: "c" }],
    [
      "COPY --from=x --chown=1:2 --chmod=755 --link --parents --exclude=*.o --exclude=*.a . /",
      { from: "x", chown: "1:2", chmod: "755", link: true, parents: true, excludes: ["*.o", "*.a"] },
    ],
    ["COPY --link=false a b", { link: false }],
    ['COPY --chown="a b" c d', { chown: "a b" }],
    ["ADD --keep-git-dir --unpack=false --checksum=sha256:0 a b", { keepGitDir: true, unpack: false }],
    ['ENV a=b c="d e" f=g\\ h', { pairs: [{ name: "a" }, { value: '"d e"' }, { value: "g\\ h" }] }],
    ["ENV a b  c", { pairs: [{ name: "a", value: "b  c", separator: "" }] }],
    ["LABEL a.b=c", { kind: "label", pairs: [{ name: "a.b", value: "c", separator: "=" }] }],
    ["ARG a b=c d=", { args: [{ name: "a" }, { name: "b", value: "c" }, { name: "d", value: "" }] }],
    ["WORKDIR /a b", { path: "/a b" }],
    ["USER a:b", { user: "a:b" }],
    ["EXPOSE 80 90/udp", { ports: ["80", "90/udp"] }],
    ["VOLUME /a /b", { paths: ["/a", "/b"] }],
    ['VOLUME ["/a b"]', { paths: ["/a b"] }],
    ["STOPSIGNAL SIGINT", { signal: "SIGINT" }],
    ["MAINTAINER a b", { name: "a b" }],
    ["HEALTHCHECK NONE", { check: { kind: "none" } }],
    [
      "HEALTHCHECK --interval=1m30s --retries=3 --start-period=0s cmd a",
      { check: { interval: 90e9, retries: 3, startPeriod: 0, command: { kind: "shell", text: "a" } } },
    ],
    ['HEALTHCHECK CMD ["a"]', { check: { command: { kind: "exec", words: ["a"] } } }],
    ["ONBUILD RUN a", { expression: "RUN a", trigger: { kind: "run", range: { from: 2, to: 2 } } }],
    [
      "ONBUILD COPY <<a /b\nx\na",
      { expression: "COPY <<a /b\nx\na", trigger: { files: [{ content: "x\n" }] } },
    ],
    [
      "FROM --platform=$BUILDPLATFORM b As C.d",
      { platform: "$BUILDPLATFORM", name: "c.d", writtenName: "C.d" },
    ],
  ];
  for (const [text, wanted] of cases)
    test(text, () => {
      expect(one(text)).toMatchObject(wanted);
    });
});

describe("parseDockerfile() reads mounts", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["type=bind,target=/a,from=b", { text: "type=bind,target=/a,from=b", from: "b" }],
    ["type=cache,dst=/a,sharing=$S", { fields: [{ key: "type" }, { key: "target" }, { value: "$S" }] }],
    ['"type=secret","id=a,b"', { fields: [{ value: "secret" }, { key: "id", value: "a,b" }] }],
  ];
  for (const [text, wanted] of cases)
    test(text, () => {
      expect(one(`RUN --mount=${text.replaceAll('"', '\\"')} x`)).toMatchObject({ mounts: [wanted] });
    });
});

describe("parseDockerfile() refuses, with the place", () => {
  const cases: readonly (readonly [string, string, object])[] = [
    ["RNU x", "instruction-unknown", { next: 'did you mean "RUN"?' }],
    ["&& make", "instruction-unknown", { next: expect.stringContaining("backslash") }],
    ["constructor x", "instruction-unknown", {}],
    ["COPY --form=x a b", "instruction-flag-unknown", { next: 'did you mean "--from"?' }],
    ["RUN --mounts=x a", "instruction-flag-unknown", { next: 'did you mean "--mount"?' }],
    ["ENV --x a=b", "instruction-flag-unknown", { why: "ENV takes no flags" }],
    ["CMD --help", "instruction-flag-unknown", { next: expect.stringContaining("`CMD -- --help`") }],
    ["COPY --from=a --from=b c d", "instruction-flag-repeated", {}],
    ["COPY --link --link c d", "instruction-flag-repeated", {}],
    ["COPY --from a b", "instruction-flag-value-missing", {}],
    ["COPY --link=maybe a b", "instruction-flag-value-invalid", {}],
    [
      "RUN --network=nnone a",
      "instruction-flag-value-invalid",
      { why: expect.stringContaining('did you mean "none"') },
    ],
    ["HEALTHCHECK --interval=5 CMD a", "instruction-flag-value-invalid", {}],
    ["HEALTHCHECK --interval=5us CMD a", "instruction-flag-value-invalid", {}],
    ["HEALTHCHECK --retries=-1 CMD a", "instruction-flag-value-invalid", {}],
    ["RUN --mount=type=cahce,target=/a x", "run-mount-invalid", { why: expect.stringContaining('"cache"') }],
    ["RUN --mount=type=cache,taget=/a x", "run-mount-invalid", { why: expect.stringContaining('"target"') }],
    ["RUN --mount=type=cache x", "run-mount-invalid", {}],
    ["RUN --mount=from=$X,target=/a x", "run-mount-invalid", {}],
    ["RUN --mount=type=bind,target=/a,mode=755 x", "run-mount-invalid", {}],
    ["RUN --mount=type=cache,target=/a,mode=799 x", "run-mount-invalid", {}],
    ["RUN --mount=type=tmpfs,target=/a,size=much x", "run-mount-invalid", {}],
    ["RUN --mount=type=secret x", "run-mount-invalid", {}],
    ["RUN --mount=type=ssh,required=perhaps x", "run-mount-invalid", {}],
    ["CMD [1]", "json-not-words", {}],
    ["COPY [null]", "json-not-words", {}],
    ["ENV a", "pair-invalid", {}],
    ["ENV a=b c", "pair-invalid", {}],
    ["ENV =b", "arguments-invalid", {}],
    ["ENV", "arguments-invalid", {}],
    ["ARG", "arguments-invalid", {}],
    ["ARG =b", "arguments-invalid", {}],
    ["COPY a", "arguments-invalid", {}],
    ["COPY --from=$x a b", "arguments-invalid", {}],
    ["SHELL /bin/sh", "arguments-invalid", {}],
    ["SHELL []", "arguments-invalid", {}],
    ["WORKDIR", "arguments-invalid", {}],
    ["EXPOSE", "arguments-invalid", {}],
    ["VOLUME", "arguments-invalid", {}],
    ['VOLUME [" "]', "arguments-invalid", {}],
    ["FROM a b", "arguments-invalid", {}],
    ["FROM", "arguments-invalid", {}],
    ["HEALTHCHECK", "arguments-invalid", {}],
    ["HEALTHCHECK CMD", "arguments-invalid", {}],
    ["HEALTHCHECK NONE x", "arguments-invalid", {}],
    ["HEALTHCHECK CONNECT TCP 1", "arguments-invalid", {}],
    ["ONBUILD", "arguments-invalid", {}],
    ["FROM a AS 1", "stage-name-invalid", {}],
    ["ONBUILD FROM a", "trigger-refused", {}],
    ["ONBUILD ONBUILD RUN a", "trigger-refused", {}],
    ["COPY a <<b\nb", "heredoc-as-destination", {}],
    ["RUN <<EOF\na", "heredoc-unterminated", {}],
  ];
  for (const [text, code, more] of cases)
    test(text, () => {
      fails(`FROM a\n${text}\n`, code, {
        where: { file: "Dockerfile", from: 2, to: expect.any(Number) },
        ...more,
      });
    });

  test("a file without instructions", () => {
    fails("", "recipe-empty");
    fails("# nothing\n\n", "recipe-empty");
  });
});

describe("parseDockerfile() keeps lines together", () => {
  test("and their numbers, comments and gaps", () => {
    const text = "# syntax=x\n\n# about\n# this\nFROM a \\\n  # inside\n\n  AS b\n";
    const { directives, instructions } = parseDockerfile(text);
    expect(directives).toEqual({ syntax: "x", escape: "\\" });
    expect(instructions[0]).toMatchObject({
      range: { from: 5, to: 8 },
      line: "FROM a   AS b",
      original: "FROM a \\\n  # inside\n\n  AS b\n",
      comments: ["about", "this"],
      gaps: [7],
    });
  });

  test("with CRLF, a byte order mark and no end of the last line", () => {
    const { instructions } = parseDockerfile("\uFEFFFROM a\r\nRUN b \\\r\n  c");
    expect(instructions[1]).toMatchObject({ command: { text: "b   c" }, range: { from: 2, to: 3 } });
  });

  test("with a backtick for an escape character", () => {
    const { instructions } = parseDockerfile("# escape=`\nFROM a\nRUN b `\n  c\\\nCMD d\n");
    expect(instructions.map((each) => each.kind)).toEqual(["from", "run", "cmd"]);
  });

  test("an escaped backslash at the end continues nothing", () => {
    expect(parseDockerfile("FROM a\nRUN b\\\\\nRUN c").instructions.length).toBe(3);
  });

  test("directives count only at the top", () => {
    expect(parseDockerfile("# hello\n# escape=`\nFROM a").directives.escape).toBe("\\");
    expect(parseDockerfile("# check=skip=all\n# ESCAPE = `\nFROM a").directives).toEqual({
      check: "skip=all",
      escape: "`",
    });
    fails("# escape=`\n# escape=`\nFROM a", "directive-repeated", {
      where: { from: 2, file: "Dockerfile", to: 2 },
    });
    fails("# escape=x\nFROM a", "escape-invalid");
  });
});

describe("parseDockerfile() reads heredocs", () => {
  test("several in one line, in order", () => {
    expect(one("COPY <<a <<-'b' c /d/\n\t$x\na\n\t$y\n\tb")).toMatchObject({
      sources: ["c"],
      files: [
        { name: "a", content: "\t$x\n", expands: true },
        { name: "b", content: "$y\n", expands: false },
      ],
      range: { from: 2, to: 6 },
    });
  });

  test("with blanks before the name, and with CRLF kept inside", () => {
    expect(one("COPY << a /d\r\nx\r\na\r")).toMatchObject({ files: [{ content: "x\r\n" }], sources: [] });
  });

  test("comments and instructions in them are text", () => {
    expect(one("RUN <<EOF\n# a\nFROM b\nEOF")).toMatchObject({ heredocs: [{ content: "# a\nFROM b\n" }] });
  });

  for (const text of [
    'RUN ["<<EOF"]',
    'RUN "<<EOF"',
    "RUN a <<<b",
    "RUN echo $((1<<2))",
    "USER <<a",
    "RUN echo 'a <<b",
  ])
    test(`none in ${text}`, () => {
      expect(parseDockerfile(`FROM a\n${text}\nUSER x`).instructions.length).toBe(3);
    });

  const quoting: readonly (readonly [string, string, boolean])[] = [
    ["EOF", "EOF", true],
    ['"EOF"', "EOF", false],
    ["eo'f'", "eof", false],
    ["eo\\'f", "eo'f", true],
    ["'one two'", "one two", false],
    ["$EOF", "$EOF", true],
  ];
  for (const [mark, name, expands] of quoting)
    test(`named ${mark}`, () => {
      expect(one(`RUN 3<<${mark}\n${name}`)).toMatchObject({
        heredocs: [{ name, expands, fileDescriptor: 3, content: "" }],
      });
    });
});

describe("runScript()", () => {
  const cases: readonly (readonly [string, RunScript])[] = [
    ["RUN a", { kind: "shell", text: "a" }],
    ['RUN ["a"]', { kind: "exec", words: ["a"] }],
    ["RUN <<-E\n\ta\n\tE", { kind: "shell", text: "a\n" }],
    ["RUN <<E\n#!/usr/bin/python3\nE", { kind: "file", name: "E", content: "#!/usr/bin/python3\n" }],
    ["RUN <<E python3 -\na\nE", { kind: "shell", text: "<<E python3 -\na\nE" }],
    ["RUN cat <<E <<F\na\nE\nb\nF", { kind: "shell", text: "cat <<E <<F\na\nE\nb\nF" }],
  ];
  for (const [text, wanted] of cases)
    test(text.replaceAll("\n", "\\n"), () => {
      const run = one(text);
      expect(run.kind === "run" ? runScript(run) : undefined).toEqual(wanted);
    });
});
