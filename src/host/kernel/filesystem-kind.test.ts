import { expect, test } from "bun:test";
import { fileSystemByNumber, fileSystemKind, isBadForManyFiles, whyNoOverlays } from "./filesystem-kind.ts";

test("the numbers of the file systems of clusters", () => {
  const at = (type: number) => fileSystemByNumber(type);
  expect(at(0x6969)).toEqual({ name: "nfs", reach: "shared" });
  expect(at(0x0bd00bd0).name).toBe("lustre");
  expect(at(0x47504653).name).toBe("gpfs");
  // A number with the highest bit, as some callers give it.
  expect(at(0x9123683e | 0)).toEqual({ name: "btrfs", reach: "local" });
  expect(at(0x1234)).toEqual({ name: "type 0x1234", reach: "local" });
});

test("what each of them can bear", () => {
  const why = (type: number, userAttributes = true) =>
    whyNoOverlays({ ...fileSystemByNumber(type), userAttributes });
  expect(why(0xef53)).toBeUndefined();
  expect(why(0x01021994)).toBeUndefined();
  for (const shared of [0x6969, 0x0bd00bd0, 0x47504653, 0x19830326, 0x00c36400, 0x65735546])
    expect(why(shared)).toContain("which machines share");
  expect(why(0x794c7630)).toContain("overlay");
  expect(why(0xef53, false)).toContain("no user attributes");
  const bad = (type: number) => isBadForManyFiles({ ...fileSystemByNumber(type), userAttributes: false });
  expect([0x6969, 0x4d44, 0x858458f6].map(bad)).toEqual([true, true, false]);
});

test("this machine's own, also by a path that is not there yet", () => {
  expect(fileSystemKind("/proc/self/no/such").name).toBe("type 0x9fa0");
  expect(fileSystemKind("/proc/self/no/such").userAttributes).toBe(false);
  expect(fileSystemKind("/")).toEqual(fileSystemKind("/no/such/folder"));
});
