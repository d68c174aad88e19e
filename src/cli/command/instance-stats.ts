import { totalmem } from "node:os";
import { type InstanceRecord, type InstanceUsage, instanceUsage, listInstances, needInstance } from "#engine";
import { printBinarySize, printSize } from "#spec";
import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";
import { type Listing, printList } from "../format.ts";
import { isTerminal, out } from "../print.ts";

const pauseMilliseconds = 1000;

export const command: Command = {
  name: "instance stats",
  usage: "[OPTIONS] [NAME...]",
  summary: "Show what instances use",
  flags: [boolFlag("no-stream", "Show it once"), boolFlag("json", "Show it once, as JSON", "j")],
  args: [0, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const once = flags.bool("no-stream") || flags.bool("json");
    const redraw = !once && isTerminal(1);
    let before = sample(names);
    for (;;) {
      await Bun.sleep(pauseMilliseconds);
      const now = sample(names);
      const rows = now.map((entry) =>
        rowOf(
          entry,
          before.find(({ record }) => record.name === entry.record.name),
        ),
      );
      const text = flags.bool("json") ? `${JSON.stringify(rows)}\n` : printList(listing, rows, undefined);
      out(redraw ? `\x1b[H\x1b[J${text}` : text);
      if (once) return 0;
      before = now;
    }
  },
};

interface Sample {
  readonly record: InstanceRecord;
  readonly usage: InstanceUsage;
  /** Milliseconds. */
  readonly time: number;
}

function sample(names: readonly string[]): readonly Sample[] {
  const records = names.length > 0 ? names.map(needInstance) : listInstances();
  return records.map((record) => ({ record, usage: instanceUsage(record), time: performance.now() }));
}

const listing: Listing = {
  headers: {
    Name: "INSTANCE NAME",
    CPUPerc: "CPU USAGE",
    MemUsage: "MEM USAGE / HOST",
    MemPerc: "MEM %",
    BlockIO: "BLOCK I/O",
    PIDs: "PIDS",
  },
  table: "{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.BlockIO}}\t{{.PIDs}}",
};

function rowOf({ record, usage, time }: Sample, before: Sample | undefined) {
  const spent = before === undefined ? 0 : usage.cpuMilliseconds - before.usage.cpuMilliseconds;
  const elapsed = before === undefined ? 1 : time - before.time;
  return {
    Name: record.name,
    CPUPerc: `${(Math.max(0, spent / elapsed) * 100).toFixed(2)}%`,
    MemUsage: `${printBinarySize(usage.memory)} / ${printBinarySize(totalmem())}`,
    MemPerc: `${((usage.memory / totalmem()) * 100).toFixed(2)}%`,
    BlockIO: `${printSize(usage.read)} / ${printSize(usage.written)}`,
    PIDs: String(usage.processes),
  };
}
