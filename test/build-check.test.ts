import { describe, expect, test } from "bun:test";
import { openRecipes } from "./recipe.ts";

// `vial build --check-reproducible`: every step twice, and why they differ.

const { why, vial, recipes } = await openRecipes("the check of builds");

/** The text of the report about one file. */
function about(path: string, err: string): string {
  const at = err.indexOf(`\n  ${path}\n`);
  return at < 0
    ? ""
    : err
        .slice(at + 1)
        .split("\n")
        .slice(0, 4)
        .join("\n");
}

/** Disorder takes root and its package, a second CPU takes one. */
const isRoot = process.geteuid?.() === 0;

describe.skipIf(why !== undefined)("--check-reproducible", () => {
  test("says that all is well, for a Dockerfile and a definition file, and runs what came from the cache again", async () => {
    const text =
      "FROM busybox\nARG X=1\nRUN echo $X > /x && mkdir /d && echo 2 > /d/e\nCOPY a /a\nWORKDIR /w\nRUN rm /x";
    const first = await recipes.ok(text, { files: { a: "1" } });
    const { folder } = first;
    for (const flags of [["--check-reproducible"], ["--check-reproducible", "--no-cache"]]) {
      const built = await recipes.ok(text, { folder, flags });
      expect(built.err).toContain("Done twice: 4 steps. Varied: the clock");
      expect(built.err).toContain("Each step gave the same bytes twice.");
      expect(built.out).toBe(first.out);
      expect(built.cached).toBe(flags.length === 1 ? 4 : 0);
    }
    const definition = [
      "Bootstrap: docker",
      "From: busybox",
      "%post",
      "cd /tmp",
      "A=$(echo hello)",
      "export B=2",
      "f() { echo in $A $B; }",
      "f > /out",
      "%test",
      "date > /when",
    ].join("\n");
    const built = await recipes.ok(definition, {
      files: {},
      name: "a.def",
      flags: ["--check-reproducible"],
    });
    expect(built.err).toContain("Each step gave the same bytes twice.");
    await recipes.nothingLeft();
  });

  test("names the step, the file, both contents and the likely cause, and still builds the image", async () => {
    const text = [
      "FROM busybox",
      "RUN echo fixed > /fixed",
      "RUN date > /stamp",
      "RUN cat /proc/sys/kernel/random/uuid > /id; mktemp /var.XXXXXX",
      "RUN nproc > /cpus",
      'RUN for i in 1 2 3 4 5 6 7 8; do touch /d$i; done; find / -maxdepth 1 -name "d[0-9]" > /order',
      "RUN mkdir -p /var/log && date +%s > /var/log/x.log",
      "RUN date +%F > /day",
    ].join("\n");
    const built = await recipes.build(text, { flags: ["--check-reproducible"] });
    const { err } = built;
    expect(built.code).toBe(1);
    expect(err).toMatch(/Cannot say that this build gives the same bytes every time: \d of 7 steps did not/);
    expect(err).toContain("Not the same twice: [2/7] RUN date > /stamp");
    expect(err).toMatch(/> +3 \| RUN date > \/stamp/);
    expect(err).not.toContain("Not the same twice: [1/7]");
    expect(about("/stamp", err)).toMatch(/its content: "... ... .. [\d:]+ UTC \d+", then "/);
    expect(about("/stamp", err)).toContain("likely cause: time stamp");
    expect(about("/id", err)).toContain("likely cause: random");
    expect(err).toMatch(
      /\n {2}\/var\.\w{6}\n {6}is there in the first run alone\n {6}likely cause: random name/,
    );
    expect(about("/var/log/x.log", err)).toContain("likely cause: cache file; it is a log");
    expect(err).toMatch(/\/day: "\d{4}-\d\d-\d\d" \(\[7\/7\] RUN date \+%F > \/day\)/);
    if (isRoot && navigator.hardwareConcurrency > 1) {
      expect(about("/cpus", err)).toContain("likely cause: number of CPUs");
      expect(about("/order", err)).toContain("likely cause: order");
    } else expect(err).toContain("Not varied: ");
    expect(await vial.ok("run", "--rm", built.tag, "cat", "/fixed")).toBe("fixed");
    await recipes.nothingLeft();
  });

  test("a step that fails the second time is a difference, not a crash", async () => {
    const text = "FROM busybox\nRUN --mount=type=cache,target=/c test ! -e /c/there && touch /c/there";
    const built = await recipes.build(text, { flags: ["--check-reproducible"] });
    expect(built.code).toBe(1);
    expect(built.err).toContain("(the second run)\n      failed, and the first did not");
    await recipes.nothingLeft();
  });

  test("variables of the shell in %post that differ are told", async () => {
    const text =
      "Bootstrap: docker\nFrom: busybox\n%post\nNOW=$(date +%s%N; cat /proc/sys/kernel/random/uuid)\necho 1 > /x";
    const built = await recipes.build(text, { name: "b.def", flags: ["--check-reproducible"] });
    expect(built.code).toBe(1);
    expect(built.err).toContain("(the variables of the shell)");
  });
});
