import { describe, expect, test } from "bun:test";
import {
  addressBytes,
  addressOfBytes,
  isUsable,
  overlap,
  parseAddress,
  parseRange,
  printAddress,
  printRange,
  type Range,
} from "./address.ts";

function range(text: string): Range {
  const found = parseRange(text);
  if (found === undefined) throw new Error(text);
  return found;
}

describe("addresses", () => {
  test.each([
    ["10.88.0.2", "10.88.0.2"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["fd00::", "fd00::"],
    ["FD00:0:0:0:0:0:0:1", "fd00::1"],
    ["2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["1:0:0:4:0:0:7:8", "1::4:0:0:7:8"],
    ["0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"],
  ])("parseAddress() and printAddress(): %s", (text, printed) => {
    const address = parseAddress(text);
    expect(address && printAddress(address)).toBe(printed);
    expect(address && addressOfBytes(addressBytes(address))).toEqual(address);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    " 1.2.3.4",
    "1.2.3.4\n",
    "1:2:3:4:5:6:7",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    ":1",
    "1:",
    "fe80::1%eth0",
    "[::1]",
    "g::",
    "1.2.3.4::",
  ])("parseAddress() refuses %p", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("parseRange() wants zeros behind the prefix, or cuts", () => {
    expect(printRange(range("10.0.0.0/8"))).toBe("10.0.0.0/8");
    expect(parseRange("10.0.0.1/8")).toBeUndefined();
    const cut = parseRange("10.1.2.3/8", "cut");
    expect(cut && printRange(cut)).toBe("10.0.0.0/8");
    for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "/8", "fd00::/129", "10.0.0.0/8/8"])
      expect(parseRange(text)).toBeUndefined();
  });

  test("overlap() sees one range in the other, whichever comes first", () => {
    expect(overlap(range("10.0.0.0/8"), range("10.88.0.0/16"))).toBe(true);
    expect(overlap(range("10.88.0.0/16"), range("10.0.0.0/8"))).toBe(true);
    expect(overlap(range("10.88.0.0/16"), range("10.89.0.0/16"))).toBe(false);
    expect(overlap(range("::/0"), range("10.89.0.0/16"))).toBe(false);
  });

  test("isUsable() keeps the first and last of IPv4, but not of /31 and /32", () => {
    const usable = (text: string, address: string) => {
      const parsed = parseAddress(address);
      return parsed !== undefined && isUsable(range(text), parsed);
    };
    expect(usable("10.0.0.0/24", "10.0.0.0")).toBe(false);
    expect(usable("10.0.0.0/24", "10.0.0.255")).toBe(false);
    expect(usable("10.0.0.0/24", "10.0.0.254")).toBe(true);
    expect(usable("10.0.0.0/24", "10.0.1.1")).toBe(false);
    expect(usable("10.0.0.0/31", "10.0.0.0")).toBe(true);
    expect(usable("fd00::/64", "fd00::")).toBe(false);
    expect(usable("fd00::/64", "fd00::ffff:ffff:ffff:ffff")).toBe(true);
  });
});
