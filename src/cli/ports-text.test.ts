import { expect, test } from "bun:test";
import { printPorts } from "./ports-text.ts";

const port = (
  hostAddress: string,
  hostPort: number,
  containerPort: number,
  protocol: "tcp" | "udp" = "tcp",
) => ({
  hostAddress,
  hostPort,
  containerPort,
  protocol,
});

test.each([
  ["", [], []],
  ["80/tcp", [], ["80/tcp"]],
  [
    "127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp",
    [port("127.0.0.1", 8080, 80), port("::1", 8080, 80)],
    ["80/tcp"],
  ],
  [
    "0.0.0.0:90-92->90-92/tcp, 0.0.0.0:94->94/tcp",
    [90, 91, 92, 94].map((number) => port("0.0.0.0", number, number)),
    [],
  ],
  ["53/udp, 0.0.0.0:53->53/tcp", [port("0.0.0.0", 53, 53)], ["53/tcp", "53/udp"]],
] as const)("printPorts() prints %p", (expected, published, exposed) => {
  expect(printPorts(published, exposed)).toBe(expected);
});
