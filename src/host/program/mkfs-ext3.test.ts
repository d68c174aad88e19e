import { expect, test } from "bun:test";
import { mkfsExt3Args } from "./mkfs-ext3.ts";

test("mkfsExt3Args() takes the folder's files in, and gives no block of the file back", () => {
  expect(mkfsExt3Args({ path: "/o.img", folder: "/layout" }).join(" ")).toBe(
    "-q -F -m 0 -E nodiscard -d /layout /o.img",
  );
});
