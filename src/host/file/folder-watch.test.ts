import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { watchFolder } from "./folder-watch.ts";

const folder = mkdtempSync(`${tmpdir()}/folder-watch-`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("watchFolder() tells every listener, and one that has left no more", async () => {
  const seen: string[] = [];
  const first = watchFolder(folder, (name) => seen.push(`first ${name}`));
  const told = Promise.withResolvers<void>();
  using _second = watchFolder(folder, (name) => {
    seen.push(`second ${name}`);
    told.resolve();
  });
  first[Symbol.dispose]();
  writeFileSync(`${folder}/a`, "");
  await told.promise;
  expect(seen[0]).toBe("second a");
  expect(seen.filter((line) => line.startsWith("first"))).toEqual([]);
});

test("watchFolder() calls once for a folder that is gone", async () => {
  const told = Promise.withResolvers<string | null>();
  using _watch = watchFolder(`${folder}/gone`, told.resolve);
  expect(await told.promise).toBeNull();
});
