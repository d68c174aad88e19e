import { expect, test } from "bun:test";
import { holdPort } from "./listener.ts";
import { inodesOf, portHolder } from "./port-holder.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 20 0 0 10 -1
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000 100 0 0 10 0
`;

test("inodesOf() takes who listens at the port, and not a connection that came by it", () => {
  expect(inodesOf(table, "tcp", 8080)).toEqual(["4711"]);
  expect(inodesOf(table, "udp", 8080)).toEqual(["4711", "4712"]);
});

const loopback = Uint8Array.of(127, 0, 0, 1);

test.each(["tcp", "udp"] as const)(
  "holdPort() lets nobody else have a port, and portHolder() finds us (%s)",
  (protocol) => {
    using held = holdPort(protocol, loopback, 0);
    expect(held.port).toBeGreaterThan(0);
    expect(() => holdPort(protocol, loopback, held.port)).toThrow("EADDRINUSE");
    expect(() => holdPort(protocol, Uint8Array.of(0, 0, 0, 0), held.port)).toThrow("EADDRINUSE");
    expect(portHolder(protocol, held.port)?.pid).toBe(process.pid);
  },
);

test("holdPort() says when the host does not have the address", () => {
  expect(() => holdPort("tcp", Uint8Array.of(203, 0, 113, 9), 0)).toThrow("EADDRNOTAVAIL");
});
