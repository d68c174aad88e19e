import { expect, test } from "bun:test";
import { pastaArgs, sayingOf } from "./pasta.ts";

const wish = {
  namespace: "/run/ns",
  pidFile: "/run/pid",
  inside: {
    interface: "eth0",
    address: "10.0.2.100",
    prefix: 24,
    gateway: "10.0.2.2",
    nameServer: "10.0.2.3",
  },
};

function valuesOf(args: readonly string[], flag: string): readonly string[] {
  return args.filter((_, index) => args[index - 1] === flag);
}

test("pastaArgs() leads nothing but what is asked for, neither way", () => {
  const args = pastaArgs({ ...wish, ports: [] });
  for (const flag of ["--tcp-ports", "--udp-ports", "--tcp-ns", "--udp-ns"])
    expect(valuesOf(args, flag)).toEqual(["none"]);
  expect(args).toContain("--no-map-gw");
});

test("pastaArgs() leads ports at one address, or at all", () => {
  const port = { hostPort: 8080, containerPort: 80 };
  const args = pastaArgs({
    ...wish,
    ports: [
      { ...port, protocol: "tcp", hostAddress: "127.0.0.1" },
      { ...port, protocol: "tcp", hostAddress: "0.0.0.0", hostPort: 8081 },
      { ...port, protocol: "udp", hostAddress: "192.0.2.1" },
    ],
  });
  expect(valuesOf(args, "--tcp-ports")).toEqual(["127.0.0.1/8080:80", "8081:80"]);
  expect(valuesOf(args, "--udp-ports")).toEqual(["192.0.2.1/8080:80"]);
});

test("sayingOf() leaves out that there is no system log", () => {
  expect(sayingOf("No external routable interface for IPv4\nFailed to send 51 bytes to syslog\n")).toBe(
    "No external routable interface for IPv4",
  );
});
