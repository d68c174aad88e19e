import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { blobPath } from "#image";
import { addImage, TestStore } from "../testing/image-fixture.ts";

const image = { name: "debian:11", created: "2021-08-14T00:00:00Z" };

test("vial check says clean of a clean store, and --quiet says nothing", async () => {
  using host = new TestStore();
  addImage(host.store, image);
  const { code, out } = await host.vial("check");
  expect(out).toMatch(/^clean: 1 images, 3 blobs, [\d.]+kB, 0 containers\n$/);
  expect(code).toBe(0);
  expect(await host.vial("check", "--quiet")).toEqual({ code: 0, out: "", err: "" });
  expect((await host.vial("system", "check", "--format", "{{.clean}} {{.images}}")).out).toBe("true 1\n");
});

test("vial check finds a blob with other bytes, and --repair sets it aside", async () => {
  using host = new TestStore();
  const { id } = addImage(host.store, image);
  writeFileSync(blobPath(host.store, id), "{}");
  const found = await host.vial("check", "--quiet");
  expect(found.code).toBe(1);
  expect(found.out).toContain("error: ");
  expect(found.out).toContain("not clean: ");
  const repaired = await host.vial("check", "--repair");
  expect(repaired.out).toContain(id.slice(7, 19));
  expect((await host.vial("check")).code).toBe(0);
});
