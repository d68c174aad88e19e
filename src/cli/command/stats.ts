import {
  type ContainerEntry,
  containerUsage,
  type Engine,
  findContainer,
  listContainers,
  openEngine,
  type Usage,
} from "#engine";
import { printBinarySize, printSize } from "#spec";
import type { Command } from "../command.ts";
import { boolFlag, listFormatFlag } from "../flag.ts";
import { type Listing, printList, type Row } from "../format.ts";
import { isTerminal, out } from "../print.ts";

const pauseMilliseconds = 1000;

export const command: Command = {
  name: "stats",
  usage: "[OPTIONS] [CONTAINER...]",
  summary: "Show what running containers use",
  flags: [
    boolFlag("all", "Also those that do not run", "a"),
    listFormatFlag,
    boolFlag("no-stream", "Show it once"),
    boolFlag("no-trunc", "Print ids in full"),
  ],
  args: [0, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const chosen = names.map((name) => findContainer(engine, name).id);
    const once = flags.bool("no-stream");
    const redraw = !once && isTerminal(1);
    let before = sample(engine, chosen, flags.bool("all"));
    for (;;) {
      await Bun.sleep(pauseMilliseconds);
      const now = sample(engine, chosen, flags.bool("all"));
      const order = chosen.length > 0 ? chosen : [...now.keys()];
      const rows = order.flatMap((id, index) => {
        const found = now.get(id);
        if (found === undefined) return [];
        const row = rowOf(found.entry, found.usage, before.get(id), found.time, flags.bool("no-trunc"));
        return [{ ...row, Container: names[index] ?? row.ID }];
      });
      const text = printList(listing, rows, flags.text("format"));
      // Home, and clear what is below: the table keeps its place.
      out(redraw ? `\x1b[H\x1b[J${text}` : text);
      if (once) return 0;
      before = now;
    }
  },
};

interface Sample {
  readonly entry: ContainerEntry;
  readonly usage: Usage | undefined;
  readonly time: number;
}

function sample(engine: Engine, chosen: readonly string[], all: boolean): ReadonlyMap<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const entry of listContainers(engine)) {
    const { id } = entry.spec;
    if (chosen.length > 0 && !chosen.includes(id)) continue;
    const usage = containerUsage(engine, id);
    if (usage !== undefined || all || chosen.length > 0)
      samples.set(id, { entry, usage, time: performance.now() });
  }
  return samples;
}

const listing: Listing = {
  headers: {
    BlockIO: "BLOCK I/O",
    CPUPerc: "CPU %",
    Container: "CONTAINER",
    ID: "CONTAINER ID",
    MemPerc: "MEM %",
    MemUsage: "MEM USAGE / LIMIT",
    Name: "NAME",
    NetIO: "NET I/O",
    PIDs: "PIDS",
  },
  table: "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
};

function rowOf(
  { spec }: ContainerEntry,
  usage: Usage | undefined,
  before: Sample | undefined,
  time: number,
  full: boolean,
): Row {
  const counted = usage?.pids === undefined ? undefined : usage;
  const ID = full ? spec.id : spec.id.slice(0, 12);
  const percent = (value: number): string => `${value.toFixed(2)}%`;
  const elapsed = before === undefined ? 0 : (time - before.time) * 1e6;
  const spent =
    usage === undefined || before?.usage === undefined
      ? 0
      : usage.cpuNanoseconds - before.usage.cpuNanoseconds;
  return {
    BlockIO:
      counted === undefined ? "--" : `${printSize(counted.blockRead)} / ${printSize(counted.blockWritten)}`,
    CPUPerc: counted === undefined || elapsed === 0 ? "--" : percent((spent / elapsed) * 100),
    ID,
    MemPerc: counted === undefined ? "--" : percent((counted.memory / counted.memoryLimit) * 100),
    MemUsage:
      counted === undefined
        ? "-- / --"
        : `${printBinarySize(counted.memory)} / ${printBinarySize(counted.memoryLimit)}`,
    Name: spec.name,
    NetIO: usage === undefined ? "--" : `${printSize(usage.received)} / ${printSize(usage.sent)}`,
    PIDs: counted === undefined ? "--" : String(counted.pids),
  };
}
