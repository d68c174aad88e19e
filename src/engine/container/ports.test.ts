import { expect, test } from "bun:test";
import { portWishes, whyPortsAreLost } from "./ports.ts";

const port = { containerPort: 80, protocol: "tcp" } as const;

test("portWishes() publishes with -P what is exposed and not asked for, ranges port by port", () => {
  const spec = {
    ports: [{ ...port, hostPort: 8080 }],
    exposedPorts: ["80/tcp", "53/udp", "90-91", "9/sctp"],
  };
  expect(portWishes({ ...spec, publishAll: false })).toEqual(spec.ports);
  expect(portWishes({ ...spec, publishAll: true })).toEqual([
    ...spec.ports,
    { containerPort: 53, protocol: "udp" },
    { containerPort: 90, protocol: "tcp" },
    { containerPort: 91, protocol: "tcp" },
  ]);
  const everywhere = portWishes({ ...spec, publishAll: true, publishAllAt: "everywhere" });
  expect(everywhere.slice(1, 3).map(({ hostAddress }) => hostAddress)).toEqual(["0.0.0.0", "::"]);
});

test("whyPortsAreLost() tells of each network into which no port can lead", () => {
  expect(whyPortsAreLost({ network: "host", ports: [port] }, false)).toContain("the host's network");
  expect(whyPortsAreLost({ network: "none", ports: [port] }, false)).toContain("no network");
  expect(whyPortsAreLost({ network: { container: "x" }, ports: [port] }, false)).toContain(
    "another container",
  );
  expect(whyPortsAreLost({ network: "none", ports: [port] }, true)).toBeUndefined();
  expect(whyPortsAreLost({ network: "host", ports: [] }, false)).toBeUndefined();
  expect(whyPortsAreLost({ network: { endpoints: [] }, ports: [port] }, false)).toBeUndefined();
});
