import { expect, test } from "bun:test";
import { resolveUser } from "./user.ts";

const passwd =
  "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/var/www:/bin/sh\n1000:x:0:0::/odd:/bin/sh\nbroken:x:y:z::/:\n" +
  "big:x:4294967296:0::/:\nbiggroup:x:5:4294967296::/:\n";
const group = "root:x:0:\nweb:x:33:\naudio:x:29:web,other\nempty:x:40:\n7:x:8:\nhuge:x:4294967296:web\n";
const files = { passwd, group };

test.each([
  ["", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
  ["web", { uid: 33, gid: 33, additionalGids: [33, 29], home: "/var/www" }],
  ["33", { uid: 33, gid: 33, additionalGids: [33, 29], home: "/var/www" }],
  ["web:empty", { uid: 33, gid: 40, additionalGids: [40], home: "/var/www" }],
  ["4711", { uid: 4711, gid: 0, additionalGids: [0], home: "/" }],
  ["4711:4712", { uid: 4711, gid: 4712, additionalGids: [4712], home: "/" }],
  ["1000", { uid: 1000, gid: 0, additionalGids: [0], home: "/" }],
  ["33:7", { uid: 33, gid: 7, additionalGids: [7], home: "/var/www" }],
])("resolveUser() reads %p in the container's own files", (text, expected) => {
  expect(resolveUser(text, files)).toEqual(expected);
});

test("resolveUser() adds the groups that were asked for", () => {
  expect(resolveUser("0", files, ["audio", "99"]).additionalGids).toEqual([0, 29, 99]);
});

test.each(["-1", "2147483648", "4294967295", "0:0:0", "web:", "0:-1"])(
  "resolveUser() refuses the odd user %p",
  (text) => {
    expect(() => resolveUser(text, files)).toThrow("Cannot run as the user");
  },
);

test.each(["nobody", "broken", "web:nogroup", "big", "biggroup", "0:huge"])(
  "resolveUser() does not know %p",
  (text) => {
    expect(() => resolveUser(text, files)).toThrow("does not know it");
  },
);
