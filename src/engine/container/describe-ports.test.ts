import { expect, test } from "bun:test";
import { describePortBindings } from "./describe-ports.ts";

const port = { containerPort: 80, protocol: "tcp" } as const;

test("describePortBindings() shows loopback, ranges and any port as Docker writes them", () => {
  expect(
    describePortBindings([
      { ...port, hostPort: 8080 },
      { ...port, hostAddress: "::1" },
      { ...port, protocol: "udp", hostAddress: "0.0.0.0", hostPort: 8000, hostPortEnd: 8010 },
    ]),
  ).toEqual({
    "80/tcp": [
      { HostIp: "127.0.0.1", HostPort: "8080" },
      { HostIp: "::1", HostPort: "" },
    ],
    "80/udp": [{ HostIp: "0.0.0.0", HostPort: "8000-8010" }],
  });
});

test("describePortBindings() makes one of the two wishes for all addresses", () => {
  const both = ["0.0.0.0", "::"].map((hostAddress) => ({ ...port, hostAddress, hostPort: 8080 }));
  expect(describePortBindings(both)).toEqual({ "80/tcp": [{ HostIp: "", HostPort: "8080" }] });
});
