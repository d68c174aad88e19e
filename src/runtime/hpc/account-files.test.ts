import { expect, test } from "bun:test";
import { printGroup, printPasswd } from "./account-files.ts";
import type { Caller } from "./wish.ts";

const caller = {
  uid: 1000,
  gid: 100,
  name: "ada",
  gecos: "Ada: L",
  shell: "/bin/zsh",
  home: "/home/ada",
  homeSource: "/home/ada",
  groups: [
    { gid: 100, name: "users" },
    { gid: 7, name: "lab" },
  ],
} as unknown as Caller;

test("printPasswd() adds the caller, whose fields can begin no other", () => {
  expect(printPasswd("root:x:0:0:root:/root:/bin/sh\n", caller, "/home/ada")).toBe(
    "root:x:0:0:root:/root:/bin/sh\nada:x:1000:100:Ada L:/home/ada:/bin/zsh\n",
  );
  expect(printPasswd("root:x:0:0:root:/root:/bin/sh", caller, "/h\nroot::0:0::/:")).not.toContain(
    "\nroot::0",
  );
});

test("printPasswd() gives a line with the caller's number the caller's name and home, and root's the home alone", () => {
  expect(printPasswd("app:x:1000:5:App:/srv:/bin/sh\n", caller, "/home/ada")).toBe(
    "ada:x:1000:5:Ada L:/home/ada:/bin/sh\n",
  );
  expect(printPasswd("toor:x:0:0:r:/root:/bin/sh\n", { ...caller, uid: 0 }, "/other")).toBe(
    "toor:x:0:0:r:/other:/bin/sh\n",
  );
});

test("printGroup() adds the groups that the image has no number of", () => {
  expect(printGroup("users:x:100:\n", caller)).toBe("users:x:100:\nlab:x:7:ada\n");
  expect(printGroup("", { ...caller, groups: [] })).toBe("");
});
