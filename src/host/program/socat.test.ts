import { expect, test } from "bun:test";
import { socatRelayArgs } from "./socat.ts";

const wish = {
  protocol: "tcp",
  listen: { address: "127.0.0.1", port: 8080 },
  connect: { address: "10.88.0.2", port: 80 },
  bothFamilies: false,
  mark: "vial-port-1",
} as const;

test("socatRelayArgs() listens at one address, and lets a connection live that one side has closed", () => {
  expect(socatRelayArgs({ ...wish, user: "nobody" })).toEqual([
    "-lpvial-port-1",
    "-t3600",
    "-b65536",
    "TCP4-LISTEN:8080,bind=127.0.0.1,reuseaddr,fork,max-children=1024,backlog=512,nodelay,su=nobody",
    "TCP4:10.88.0.2:80,nodelay",
  ]);
});

test("socatRelayArgs() listens at :: for both families, or for IPv6 alone", () => {
  const listen = { address: "::", port: 8080 };
  expect(socatRelayArgs({ ...wish, listen, bothFamilies: true })[3]).toContain("bind=[::],ipv6only=0,");
  expect(socatRelayArgs({ ...wish, listen })[3]).toStartWith("TCP6-LISTEN:8080,bind=[::],ipv6only=1,");
});

test("socatRelayArgs() forgets a client that sends by UDP no more", () => {
  const args = socatRelayArgs({ ...wish, protocol: "udp", connect: { address: "fd00::2", port: 53 } });
  expect(args[1]).toBe("-T60");
  expect(args.at(-1)).toBe("UDP6:[fd00::2]:53");
});
