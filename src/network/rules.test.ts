import { describe, expect, test } from "bun:test";
import type { NetworkRecord } from "./record.ts";
import { printRules, tableName } from "./rules.ts";

const web: NetworkRecord = {
  version: 1,
  id: "a".repeat(64),
  name: "web",
  created: "2026-01-01T00:00:00Z",
  driver: "bridge",
  interface: "br-web",
  ipv6: true,
  subnets: [{ subnet: "10.89.0.0/24" }, { subnet: "fd00:1::/64" }],
  internal: false,
  attachable: false,
  isolated: false,
  masquerade: true,
  options: {},
  labels: {},
};

describe("printRules()", () => {
  test("takes the place of the table, and hides what goes out of each subnet", () => {
    const text = printRules("t", [web]);
    expect(text).toStartWith("table inet t {}\ndelete table inet t\ntable inet t {\n");
    expect(text).toContain('ip saddr 10.89.0.0/24 oifname != "br-web" masquerade');
    expect(text).toContain('ip6 saddr fd00:1::/64 oifname != "br-web" masquerade');
    expect(text).toContain('elements = { "br-web" . "br-web" }');
  });

  test("hides nothing of an internal network, or where that was asked for", () => {
    expect(printRules("t", [{ ...web, internal: true }])).not.toContain("masquerade\n");
    expect(printRules("t", [{ ...web, masquerade: false }])).not.toContain("masquerade\n");
    expect(printRules("t", [{ ...web, internal: true }])).toMatch(/set internal \{[^}]*"br-web"/);
  });

  test("lets the containers of an isolated network reach each other by no way", () => {
    expect(printRules("t", [{ ...web, isolated: true }])).not.toContain('"br-web" . "br-web"');
  });

  test("knows no interface of a macvlan, which is the host's own", () => {
    expect(printRules("t", [{ ...web, driver: "macvlan", interface: "eth0" }])).not.toContain("eth0");
  });

  test("has a table for each root of Vial", () => {
    expect(tableName({ root: "/var/lib/vial", run: "/run/vial" })).toBe("vial-net");
    expect(tableName({ root: "/a", run: "/a/run" })).not.toBe(tableName({ root: "/b", run: "/b/run" }));
  });
});
