import { expect, test } from "bun:test";
import { readUsage } from "./usage.ts";

// Files as kernels of both versions write them (v2 from a Debian guest).
const v2: Record<string, string> = {
  "memory.current": "10485760",
  "memory.stat": "anon 4096\nfile 8192\ninactive_file 1048576\n",
  "memory.max": "67108864",
  "pids.current": "3",
  "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n",
  "io.stat":
    "259:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:0 rbytes=1 wbytes=2 rios=1 wios=1\n",
};
const v1: Record<string, string> = {
  "memory.usage_in_bytes": "10485760",
  "memory.stat": "cache 1\ntotal_inactive_file 1048576\n",
  "memory.limit_in_bytes": "9223372036854771712",
  "pids.current": "3",
  "cpuacct.usage": "1500000000",
  "blkio.throttle.io_service_bytes": "254:0 Read 4097\n254:0 Write 8194\n254:0 Total 12291\nTotal 12291\n",
};

test("readUsage() reads both versions alike", () => {
  const two = readUsage(2, (_, file) => v2[file]);
  const one = readUsage(1, (_, file) => v1[file]);
  const { memoryLimit: limit2, ...rest2 } = two;
  const { memoryLimit: limit1, ...rest1 } = one;
  expect(rest1).toEqual(rest2);
  expect(rest2).toEqual({
    cpuNanoseconds: 1.5e9,
    memory: 9437184,
    pids: 3,
    blockRead: 4097,
    blockWritten: 8194,
  });
  expect(limit2).toBe(67108864);
  // Without a limit: the machine's memory.
  expect(limit1).toBeGreaterThan(limit2);
});

test("readUsage() gives zeros for a group that is gone, and no number of processes", () => {
  expect(readUsage(2, () => undefined)).toMatchObject({
    cpuNanoseconds: 0,
    memory: 0,
    pids: undefined,
    blockRead: 0,
  });
});
