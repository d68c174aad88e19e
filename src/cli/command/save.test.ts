import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { addImage, TestStore } from "../testing/image-fixture.ts";

let host: TestStore;
beforeAll(() => {
  host = new TestStore();
  addImage(host.store, { name: "debian:11", created: "2021-08-14T00:00:00Z" });
  addImage(host.store, { name: "app", created: "2022-08-14T00:00:00Z" });
});
afterAll(() => host[Symbol.dispose]());

const members = (path: string) => Bun.spawnSync(["tar", "-tf", path]).stdout.toString().split("\n");

test("vial save --output writes a docker-archive that tar reads, and leaves nothing beside it", async () => {
  const path = `${host.root}/one.tar`;
  expect((await host.vial("save", "--output", path, "debian:11", "app")).code).toBe(0);
  expect(members(path)).toEqual(expect.arrayContaining(["manifest.json", "oci-layout", "index.json"]));
  const manifest = Bun.spawnSync(["tar", "-xOf", path, "manifest.json"]).stdout.toString();
  const names = JSON.parse(manifest).flatMap((entry: { RepoTags: string[] }) => entry.RepoTags);
  expect(names.map((name: string) => name.split("/").at(-1))).toEqual(["debian:11", "app:latest"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(host.root).filter((name) => name.includes(".part-"))).toEqual([]);
});

test("vial save writes to standard output", () => {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const child = Bun.spawnSync([process.execPath, main, "--root", host.root, "save", "debian:11"]);
  const list = Bun.spawnSync(["tar", "-t"], { stdin: child.stdout });
  expect(list.stdout.toString()).toContain("manifest.json");
});

test("vial save --format oci-archive and oci-dir", async () => {
  const path = `${host.root}/oci.tar`;
  expect((await host.vial("save", "--format", "oci-archive", "-o", path, "app")).code).toBe(0);
  expect(members(path)).not.toContain("manifest.json");
  const folder = `${host.root}/layout`;
  expect((await host.vial("save", "--format", "oci-dir", "-o", folder, "app")).code).toBe(0);
  expect(JSON.parse(readFileSync(`${folder}/oci-layout`, "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  expect((await host.vial("save", "--format", "oci-dir", "app")).err).toContain("it is a folder");
  expect((await host.vial("save", "--format", "zip", "-o", path, "app")).code).toBe(2);
});

test("vial save --platform refuses an image for another", async () => {
  const path = `${host.root}/platform.tar`;
  expect((await host.vial("save", "--platform", "linux/amd64", "-o", path, "app")).code).toBe(0);
  const refused = await host.vial("save", "--platform", "linux/s390x", "-o", `${path}.x`, "app");
  expect(refused.code).toBe(1);
  expect(existsSync(`${path}.x`)).toBe(false);
});

test("vial save names an image that is not here", async () => {
  const { code, err } = await host.vial("save", "-o", `${host.root}/none.tar`, "nothing");
  expect(code).toBe(1);
  expect(err).toContain("No such image: nothing");
});
