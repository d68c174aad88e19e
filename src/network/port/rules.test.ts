import { expect, test } from "bun:test";
import { redirectOf } from "./rules.ts";

const port = { hostPort: 8080, containerPort: 80, protocol: "tcp" } as const;

test.each([
  ["0.0.0.0", "10.88.0.2", { map: "any4", key: "tcp . 8080", value: "10.88.0.2 . 80" }],
  ["127.0.0.1", "10.88.0.2", { map: "one4", key: "127.0.0.1 . tcp . 8080", value: "10.88.0.2 . 80" }],
  ["::", "fd00::2", { map: "any6", key: "tcp . 8080", value: "fd00::2 . 80" }],
  ["fd01::1", "fd00::2", { map: "one6", key: "fd01::1 . tcp . 8080", value: "fd00::2 . 80" }],
] as const)("redirectOf() at %s", (hostAddress, address, expected) => {
  expect(redirectOf({ ...port, hostAddress, address })).toEqual(expected);
});
