import { expect, test } from "bun:test";
import { addImage, TestStore } from "../testing/image-fixture.ts";
import { version } from "../version.ts";

test("vial version --format answers for both halves that scripts ask Docker for", async () => {
  using host = new TestStore();
  expect((await host.vial("version")).out).toContain(` Version:    ${version}\n`);
  expect(
    (await host.vial("version", "-f", "{{.Client.Version}} {{.Server.Version}} {{.Server.Os}}")).out,
  ).toBe(`${version} ${version} linux\n`);
  expect(JSON.parse((await host.vial("version", "--format", "json")).out)).toHaveProperty(
    "Server.KernelVersion",
  );
});

test("vial --version and vial version answer before anything is loaded", () => {
  using host = new TestStore();
  const main = new URL("../main.ts", import.meta.url).pathname;
  const run = (word: string) =>
    Bun.spawnSync([process.execPath, main, word], { cwd: host.root }).stdout.toString();
  expect(run("--version")).toBe(`vial ${version}\n`);
  expect(run("-v")).toBe(`vial ${version}\n`);
  expect(run("version")).toStartWith(`Vial:\n Version:    ${version}\n`);
});

test("vial info --format", async () => {
  using host = new TestStore();
  addImage(host.store, { name: "debian:11", created: "2021-08-14T00:00:00Z" });
  expect((await host.vial("info")).out).toContain("Images: 1\n");
  expect((await host.vial("system", "info", "-f", "{{.Images}} {{.DockerRootDir}} {{.OSType}}")).out).toBe(
    `1 ${host.root} linux\n`,
  );
  expect(JSON.parse((await host.vial("info", "--format", "json")).out)).toMatchObject({
    Containers: 0,
    ContainersRunning: 0,
  });
});

test("vial system df, --format, --verbose", async () => {
  using host = new TestStore();
  addImage(host.store, { name: "debian:11", created: "2021-08-14T00:00:00Z" });
  addImage(host.store, { name: "debian:12", created: "2023-08-14T00:00:00Z" });
  const { out } = await host.vial("system", "df");
  expect(out).toMatch(
    /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 +0 +\d+\.\d+kB +\d+\.\d+kB \(100%\)\nContainers +0 +0 +0B +0B\nLocal Volumes +0 +0 +0B +0B\nBuild Cache +0 +0 +0B +0B\n$/,
  );
  expect((await host.vial("system", "df", "--format", "{{.Type}}={{.TotalCount}}")).out).toBe(
    "Images=2\nContainers=0\nLocal Volumes=0\nBuild Cache=0\n",
  );
  expect((await host.vial("system", "df", "-v")).out).toMatch(
    /debian +12 +[0-9a-f]{12} +\d years ago +12\.\d+kB +4\.1kB +8\.19kB +0\n/,
  );
  expect((await host.vial("system", "df", "--verbose", "--format", "json")).code).toBe(2);
});
