import { expect, test } from "bun:test";
import { publicationsOf } from "./wish.ts";

const wish = { containerPort: 80, protocol: "tcp" } as const;

test("publicationsOf() takes both families of loopback when no address is given, and does without the second", () => {
  expect(publicationsOf([{ ...wish, hostPort: 8080 }])).toEqual([
    {
      addresses: ["127.0.0.1", "::1"],
      optional: ["::1"],
      hostPort: 8080,
      hostPortEnd: undefined,
      containerPort: 80,
      protocol: "tcp",
    },
  ]);
});

test("publicationsOf() joins 0.0.0.0 and :: that mean one port, so that both have one number", () => {
  const [both, ...others] = publicationsOf([
    { ...wish, hostAddress: "0.0.0.0" },
    { ...wish, hostAddress: "::" },
  ]);
  expect(both).toMatchObject({ addresses: ["0.0.0.0", "::"], optional: ["::"], hostPort: undefined });
  expect(others).toEqual([]);
});

test.each([
  [{ ...wish, hostAddress: "::", hostPort: 1 }],
  [{ ...wish, hostAddress: "::", containerPort: 81 }],
  [{ ...wish, hostAddress: "::", protocol: "udp" as const }],
  [{ ...wish, hostAddress: "::1" }],
])("publicationsOf() keeps apart what differs: %j", (second) => {
  expect(publicationsOf([{ ...wish, hostAddress: "0.0.0.0" }, second])).toHaveLength(2);
});
