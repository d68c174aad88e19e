import { expect, test } from "bun:test";
import { readUsageDetail } from "./usage-detail.ts";

const machine = { cpuNanoseconds: 5e12, processors: 2, memory: 8e9 };
const from = (files: Readonly<Record<string, string>>) => (_controller: string, file: string) => files[file];

test("readUsageDetail() reads the files of version 1", () => {
  const detail = readUsageDetail(
    1,
    from({
      "cpuacct.usage": "3000\n",
      "cpuacct.usage_percpu": "1000 2000 \n",
      "cpuacct.stat": "user 3\nsystem 2\n",
      "cpu.stat": "nr_periods 7\nnr_throttled 6\nthrottled_time 5\n",
      "memory.usage_in_bytes": "4096\n",
      "memory.limit_in_bytes": "9223372036854771712\n",
      "memory.stat": "cache 1\ntotal_inactive_file 96\n",
      "blkio.throttle.io_service_bytes": "8:0 Read 512\n8:0 Write 0\nTotal 512\n",
      "pids.current": "3\n",
      "pids.max": "max\n",
    }),
    machine,
  );
  expect(detail.cpu).toEqual({
    cpu_usage: {
      total_usage: 3000,
      percpu_usage: [1000, 2000],
      usage_in_kernelmode: 2e7,
      usage_in_usermode: 3e7,
    },
    throttling_data: { periods: 7, throttled_periods: 6, throttled_time: 5 },
    system_cpu_usage: 5e12,
    online_cpus: 2,
  });
  expect(detail.memory).toMatchObject({ usage: 4096, limit: 8e9, stats: { total_inactive_file: 96 } });
  expect(detail.blkio.io_service_bytes_recursive).toEqual([
    { major: 8, minor: 0, op: "read", value: 512 },
    { major: 8, minor: 0, op: "write", value: 0 },
  ]);
  expect(detail.pids).toEqual({ current: 3 });
});

test("readUsageDetail() reads the files of version 2", () => {
  const detail = readUsageDetail(
    2,
    from({
      "cpu.stat":
        "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 1\nnr_throttled 1\nthrottled_usec 2\n",
      "memory.current": "4096\n",
      "memory.max": "65536\n",
      "memory.stat": "anon 1\ninactive_file 96\n",
      "io.stat": "259:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n",
      "pids.current": "1\n",
      "pids.max": "20\n",
    }),
    machine,
  );
  expect(detail.cpu).toMatchObject({
    cpu_usage: { total_usage: 9000, usage_in_kernelmode: 4000, usage_in_usermode: 5000 },
    throttling_data: { throttled_time: 2000 },
  });
  expect(detail.memory).toEqual({ usage: 4096, limit: 65536, stats: { anon: 1, inactive_file: 96 } });
  expect(detail.blkio.io_serviced_recursive).toEqual([
    { major: 259, minor: 0, op: "read", value: 1 },
    { major: 259, minor: 0, op: "write", value: 2 },
  ]);
  expect(detail.pids).toEqual({ current: 1, limit: 20 });
});
