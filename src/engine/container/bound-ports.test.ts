import { expect, test } from "bun:test";
import { boundPorts } from "./bound-ports.ts";

const port = { hostPort: 8080, containerPort: 80, protocol: "tcp" } as const;

test("boundPorts() gives the network's address to ports that name none, in Vial's manner and in Docker's", () => {
  const everywhere = ["0.0.0.0", "::"].map((hostAddress) => ({ ...port, hostAddress }));
  expect(boundPorts([port], "192.0.2.1")).toEqual([{ ...port, hostAddress: "192.0.2.1" }]);
  expect(boundPorts(everywhere, "192.0.2.1")).toEqual([{ ...port, hostAddress: "192.0.2.1" }]);
});

test("boundPorts() keeps an address that was given, and all without a binding", () => {
  const given = [
    { ...port, hostAddress: "127.0.0.1" },
    { ...port, hostAddress: "0.0.0.0" },
  ];
  expect(boundPorts(given, "192.0.2.1")).toEqual(given);
  expect(boundPorts([port], undefined)).toEqual([port]);
});
