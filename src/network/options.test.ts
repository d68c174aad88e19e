import { describe, expect, test } from "bun:test";
import { readDriverOptions } from "./options.ts";

const bridge = "com.docker.network.bridge.";

describe("readDriverOptions()", () => {
  test("reads Docker's options of a bridge", () => {
    const options = {
      [`${bridge}name`]: "br-web",
      [`${bridge}enable_icc`]: "false",
      [`${bridge}enable_ip_masquerade`]: "0",
      [`${bridge}host_binding_ipv4`]: "192.0.2.1",
      "com.docker.network.driver.mtu": "1400",
    };
    expect(readDriverOptions("bridge", options)).toEqual({
      interface: "br-web",
      isolated: true,
      masquerade: false,
      hostBinding: "192.0.2.1",
      mtu: 1400,
    });
    expect(readDriverOptions("bridge", {})).toEqual({ isolated: false, masquerade: true });
  });

  test("reads those of a macvlan", () => {
    expect(readDriverOptions("macvlan", { parent: "eth0.5", macvlan_mode: "vepa" })).toEqual({
      interface: "eth0.5",
      isolated: false,
      masquerade: true,
    });
  });

  test.each([
    ["bridge", { parent: "eth0" }],
    ["bridge", { [`${bridge}name`]: 'x" accept; "' }],
    ["bridge", { [`${bridge}name`]: "../etc" }],
    ["bridge", { [`${bridge}name`]: "a-name-of-16-let" }],
    ["bridge", { [`${bridge}enable_icc`]: "maybe" }],
    ["bridge", { "com.docker.network.driver.mtu": "67" }],
    ["bridge", { "com.docker.network.driver.mtu": "1e3" }],
    ["bridge", { [`${bridge}host_binding_ipv4`]: "localhost" }],
    ["macvlan", { macvlan_mode: "fast" }],
    ["macvlan", { [`${bridge}name`]: "br0" }],
  ] as const)("refuses %s with %p", (driver, options) => {
    expect(() => readDriverOptions(driver, options)).toThrow(/^Cannot use -o /);
  });
});
