import { expect, test } from "bun:test";
import { capabilitiesOfMask, chooseCapabilities, defaultCapabilities } from "./capability.ts";

const held = capabilitiesOfMask("000001ffffffffff");

test("capabilitiesOfMask() reads the mask of /proc/PID/status", () => {
  expect(held).toHaveLength(41);
  expect(capabilitiesOfMask("0000000000000001")).toEqual(["CAP_CHOWN"]);
});

test.each([
  [[], [], 14],
  [["net_admin"], [], 15],
  [["CAP_NET_ADMIN", "SYS_TIME"], ["chown"], 15],
  [["ALL"], [], 41],
  [["all"], ["SYS_ADMIN"], 40],
  [["NET_RAW"], ["ALL"], 1],
  [[], ["all"], 0],
])("chooseCapabilities() adds %p and drops %p", (add, drop, count) => {
  expect(chooseCapabilities({ add, drop, privileged: false, held })).toHaveLength(count);
});

test("chooseCapabilities() gives nothing that the caller lacks", () => {
  const lacking = held.filter((name) => name !== "CAP_SYS_RESOURCE");
  expect(chooseCapabilities({ add: [], drop: [], privileged: true, held: lacking })).not.toContain(
    "CAP_SYS_RESOURCE",
  );
});

test("chooseCapabilities() names the capability that a misspelt one is near", () => {
  expect(() => chooseCapabilities({ add: ["NET_ADMN"], drop: [], privileged: false, held })).toThrow(
    "Linux has none of that name",
  );
});

test("defaultCapabilities are Docker's fourteen", () => {
  expect(defaultCapabilities).toHaveLength(14);
});
