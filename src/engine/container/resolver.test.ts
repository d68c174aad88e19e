import { describe, expect, test } from "bun:test";
import type { Endpoint } from "#network";
import { makeResolvConf, parseResolver } from "./resolver.ts";

const bridge = { endpoints: [{ network: "bridge", aliases: [] }] };
const plain = { network: bridge, dns: [], dnsSearch: [], dnsOptions: [] };

function make(
  spec: Partial<Parameters<typeof makeResolvConf>[0]>,
  files: Readonly<Record<string, string>>,
  endpoints: readonly Endpoint[] = [],
): string {
  return makeResolvConf({ ...plain, ...spec }, endpoints, (path = "/etc/resolv.conf") => files[path] ?? "");
}

describe("makeResolvConf()", () => {
  const host = { "/etc/resolv.conf": "nameserver 192.0.2.53\nsearch example.org\noptions ndots:2\n# end\n" };

  test("takes the host's for a container of the default network", () => {
    expect(make({}, host)).toBe("nameserver 192.0.2.53\nsearch example.org\noptions ndots:2\n");
  });

  test("leaves out a server on the host's loopback, and takes the one behind it, or a public one", () => {
    const stub = { "/etc/resolv.conf": "nameserver 127.0.0.53\n" };
    expect(make({}, stub)).toBe("nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
    const behind = { ...stub, "/run/systemd/resolve/resolv.conf": "nameserver 192.0.2.7\nnameserver ::1\n" };
    expect(make({}, behind)).toBe("nameserver 192.0.2.7\n");
    expect(make({ network: "host" }, stub)).toBe("nameserver 127.0.0.53\n");
  });

  test("asks the name server of the networks first of all, and no more than three", () => {
    const endpoint = { nameServers: ["10.89.0.1", "fd00::1"] } as unknown as Endpoint;
    expect(make({ dns: ["192.0.2.9"] }, host, [endpoint, endpoint])).toBe(
      "nameserver 10.89.0.1\nnameserver fd00::1\nnameserver 10.89.0.1\nsearch example.org\noptions ndots:2\n",
    );
  });

  test("writes what was asked for in place of the host's", () => {
    const spec = { dns: ["192.0.2.9"], dnsSearch: ["a.org", "b.org"], dnsOptions: ["ndots:5"] };
    expect(make(spec, host)).toBe("nameserver 192.0.2.9\nsearch a.org b.org\noptions ndots:5\n");
    expect(make({ dnsSearch: ["."] }, host)).toBe("nameserver 192.0.2.53\noptions ndots:2\n");
  });

  test("is empty without a network, unless something was asked for", () => {
    expect(make({ network: "none" }, host)).toBe("");
    expect(make({ network: "none", dns: ["192.0.2.9"] }, host)).toBe("nameserver 192.0.2.9\n");
  });
});

test("parseResolver() reads servers, the last search and all options", () => {
  const text =
    "; c\nnameserver  192.0.2.1 \nsearch a\ndomain b\noptions ndots:1\noptions rotate timeout:2\nnameserver\n";
  expect(parseResolver(text)).toEqual({
    servers: ["192.0.2.1"],
    search: ["b"],
    options: ["ndots:1", "rotate", "timeout:2"],
  });
});
