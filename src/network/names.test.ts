import { describe, expect, test } from "bun:test";
import type { Endpoint } from "./endpoint.ts";
import { printNames } from "./names.ts";

const id = "a".repeat(64);
const front: Endpoint = {
  network: "front",
  networkId: "f".repeat(64),
  endpointId: "1".repeat(64),
  interface: "eth0",
  mac: "02:42:0a:59:00:02",
  ipv4: "10.89.0.2",
  gateway4: "10.89.0.1",
  aliases: ["shop"],
  names: ["web", "shop"],
  nameServers: ["10.89.0.1"],
};
const back: Endpoint = {
  ...front,
  network: "back",
  networkId: "b".repeat(64),
  interface: "eth1",
  ipv4: "10.89.1.2",
  ipv6: "fd00::2",
  gateway4: "10.89.1.1",
  names: ["web"],
  nameServers: ["10.89.1.1", "fd00::1"],
};
const neighbour = `${"c".repeat(64)} 10.89.0.9  db`;

describe("printNames()", () => {
  const named = { id, servers: [], endpoints: [front] };

  test("writes where it listens, and a line for the container", () => {
    expect(printNames("", named, front.networkId)).toBe(`10.89.0.1\n${id} 10.89.0.2  web,shop\n`);
  });

  test("leaves the lines of others, and takes the place of its own", () => {
    const before = `10.89.0.1\n${id} 10.89.0.7  old\n${neighbour}\n`;
    expect(printNames(before, named, front.networkId)).toBe(
      `10.89.0.1\n${neighbour}\n${id} 10.89.0.2  web,shop\n`,
    );
  });

  test("gives nothing for a network that the last one has left", () => {
    const gone = { id, servers: [], endpoints: [] };
    expect(printNames(`10.89.0.1\n${id} 10.89.0.2  web\n`, gone, front.networkId)).toBe("");
    expect(printNames(`10.89.0.1\n${neighbour}\n`, gone, front.networkId)).toBe(`10.89.0.1\n${neighbour}\n`);
  });

  test("lets the address of another network ask here too, by a name that nobody asks for", () => {
    const both = { id, servers: ["192.0.2.53"], endpoints: [front, back] };
    expect(printNames("", both, back.networkId)).toBe(
      [
        "10.89.1.1,fd00::1",
        `${id} 10.89.1.2 fd00::2 web 192.0.2.53`,
        `${id} 10.89.0.2  _aaaaaaaaaaaa 192.0.2.53`,
        "",
      ].join("\n"),
    );
  });

  test("asks nobody outside for a container of an internal network", () => {
    const { gateway4: _, ...internal } = front;
    expect(printNames("", { id, servers: ["192.0.2.53"], endpoints: [internal] }, front.networkId)).toBe(
      `10.89.0.1\n${id} 10.89.0.2  web,shop 10.89.0.1\n`,
    );
  });
});
