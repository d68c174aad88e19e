import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// vial build in folders without a recipe. The base has an apt-get that only says what it was asked for.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: proposed recipes, because ${why}`);

let vial: TestVial;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  const recipe = `FROM busybox
RUN mkdir -p /usr/bin && printf '#!/bin/sh\\necho apt-get "$@" >> /asked\\n' > /bin/apt-get && chmod 755 /bin/apt-get
`;
  await vial.ok("build", "-q", "-t", "base", folderWith("base", { Dockerfile: recipe }));
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

function folderWith(name: string, files: Readonly<Record<string, string>>): string {
  const folder = `${vial.folder}/${name}`;
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(`${folder}/${file}`, text);
  return folder;
}

describe.skipIf(why !== undefined)("vial build without a recipe", () => {
  test("shows a recipe, builds it, and keeps it on request", async () => {
    const folder = folderWith("apt", { "apt.txt": "jq\nfile\n", data: "1\n" });
    const words = ["build", "--build-arg", "BASE=base", "-t", "apt"];
    const built = await vial.run(...words, folder);
    expect(built.err).toContain(
      "No recipe here; this one is proposed:\n    # Proposed by `vial build` from apt.txt\n",
    );
    expect(built.code).toBe(0);
    expect(await vial.ok("run", "--rm", "apt", "cat", "/asked", "/app/data")).toBe(
      "apt-get update\napt-get install -y --no-install-recommends file jq\n1",
    );
    expect(existsSync(`${folder}/Dockerfile`)).toBe(false);
    expect((await vial.run(...words, "--write-recipe", folder)).code).toBe(0);
    expect(readFileSync(`${folder}/Dockerfile`, "utf8")).toContain("      file \\\n      jq \\\n");
    const again = await vial.run(...words, "--write-recipe", folder);
    expect(again.code).toBe(1);
    expect(again.err).toContain("a file is there");
  }, 30_000);

  test("proposes nothing beside a recipe of another name, for conda, or for unknown files", async () => {
    const named = folderWith("named", { "apt.txt": "jq", "app.def": "Bootstrap: docker\nFrom: base\n" });
    expect((await vial.run("build", named)).err).toContain("Cannot find the recipe");
    const conda = folderWith("conda", { "environment.yml": "name: x\n" });
    expect((await vial.run("build", conda)).err).toContain("micromamba");
    expect((await vial.run("build", folderWith("empty", {}))).err).toContain("Cannot find the recipe");
  });

  test("says which word of apt.txt is no package", async () => {
    const { code, err } = await vial.run("build", folderWith("bad", { "apt.txt": "jq\n$(id)\n" }));
    expect(code).toBe(2);
    expect(err).toContain('Cannot read "$(id)" in apt.txt');
  });
});
