import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { addImage, TestStore } from "../testing/image-fixture.ts";

const image = { name: "debian:11", created: "2021-08-14T00:00:00Z" };

/** A stopped container that was made from the image, as far as rmi looks at it. */
function addContainer(host: TestStore, id: string, name: string): void {
  const container = "c".repeat(64);
  mkdirSync(`${host.root}/containers/${container}`, { recursive: true });
  const spec = { version: 1, id: container, name, image: { id, diffIds: [] }, mounts: [] };
  writeFileSync(`${host.root}/containers/${container}/spec.json`, JSON.stringify(spec));
}

test("vial rmi removes a name, and with the last one the image", async () => {
  using host = new TestStore();
  const { id } = addImage(host.store, image);
  await host.vial("tag", "debian:11", "debian:old");
  expect((await host.vial("rmi", "debian:old")).out).toBe("Untagged: debian:old\n");
  expect((await host.vial("image", "rm", "debian:11")).out).toBe(`Untagged: debian:11\nDeleted: ${id}\n`);
  expect((await host.vial("images", "-q")).out).toBe("");
});

test("vial rmi goes on behind a name that is not there, and fails at the end", async () => {
  using host = new TestStore();
  addImage(host.store, image);
  const { code, out, err } = await host.vial("rmi", "nothing", "debian:11");
  expect(code).toBe(1);
  expect(err).toContain("No such image: nothing");
  expect(out).toContain("Untagged: debian:11");
});

test("vial rmi --force removes an ID with several names", async () => {
  using host = new TestStore();
  const { id } = addImage(host.store, image);
  await host.vial("tag", "debian:11", "debian:old");
  const refused = await host.vial("rmi", id.slice(7, 19));
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("several names");
  expect((await host.vial("rmi", "-f", id.slice(7, 19))).out).toContain(`Deleted: ${id}`);
});

test("vial rmi --force removes an image that a stopped container uses", async () => {
  using host = new TestStore();
  const { id } = addImage(host.store, image);
  addContainer(host, id, "web");
  const refused = await host.vial("rmi", "debian:11");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain('the container "web" was made from it');
  expect((await host.vial("rmi", "--force", "debian:11")).out).toContain("Untagged: debian:11");
});

test("vial rmi --no-prune is taken", async () => {
  using host = new TestStore();
  addImage(host.store, image);
  expect((await host.vial("rmi", "--no-prune", "debian:11")).code).toBe(0);
});

test("vial image prune asks, and takes only a yes", async () => {
  using host = new TestStore();
  const { id } = addImage(host.store, { created: image.created });
  const asked = host.vialWith("n\n", "image", "prune");
  expect(asked.out).toBe(
    "WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N] ",
  );
  expect(host.vialWith("", "image", "prune").code).toBe(0);
  expect((await host.vial("images", "-q")).out).not.toBe("");
  const { out } = host.vialWith("y\n", "image", "prune");
  expect(out).toContain(`deleted: ${id}\n`);
  expect(out).toMatch(/Total reclaimed space: \d[\d.]*kB\n$/);
});

test("vial image prune --force leaves names alone, --all takes what no container uses", async () => {
  using host = new TestStore();
  const used = addImage(host.store, image);
  addImage(host.store, { name: "app", created: "2022-01-01T00:00:00Z" });
  addContainer(host, used.id, "web");
  expect((await host.vial("image", "prune", "-f")).out).toBe("Total reclaimed space: 0B\n");
  expect((await host.vial("image", "prune", "--force", "--all")).out).toContain("untagged: app:latest");
  expect((await host.vial("images", "--format", "{{.Repository}}")).out).toBe("debian\n");
});

test("vial image prune --filter until, label, label!, dangling", async () => {
  using host = new TestStore();
  addImage(host.store, { name: "old", created: "2020-01-01T00:00:00Z", labels: { keep: "yes" } });
  addImage(host.store, { name: "young", created: "2024-01-01T00:00:00Z", labels: { team: "x" } });
  const left = async () => (await host.vial("images", "--format", "{{.Repository}}")).out;
  await host.vial("image", "prune", "-af", "--filter", "until=2022-01-01", "--filter", "label!=keep");
  expect(await left()).toBe("young\nold\n");
  await host.vial("image", "prune", "-af", "--filter", "label=team=x");
  expect(await left()).toBe("old\n");
  await host.vial("image", "prune", "-f", "--filter", "dangling=false", "--filter", "until=2022-01-01");
  expect(await left()).toBe("");
});
