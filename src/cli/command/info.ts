import { openEngine, systemFacts } from "#engine";
import { printBinarySize } from "#spec";
import type { Command } from "../command.ts";
import { inspectFormatFlag } from "../flag.ts";
import { printDocument } from "../format.ts";
import { out } from "../print.ts";
import { version } from "../version.ts";

export const command: Command = {
  name: "info",
  usage: "[OPTIONS]",
  summary: "Show the state of the store and of this machine",
  flags: [inspectFormatFlag],
  args: [0, 0],
  run(flags) {
    out(printDocument(systemFacts(openEngine(), version), flags.text("format"), printInfo));
    return 0;
  },
};

export type Info = ReturnType<typeof systemFacts>;

function printInfo(info: Info): string {
  const rows: readonly (readonly [string, string | number | boolean])[] = [
    ["Containers", info.Containers],
    ["  Running", info.ContainersRunning],
    ["  Paused", info.ContainersPaused],
    ["  Stopped", info.ContainersStopped],
    ["Images", info.Images],
    ["Version", info.ServerVersion],
    ["Layers", info.Driver],
    ["Runtimes", Object.keys(info.Runtimes).join(" ")],
    ["Cgroups", info.CgroupMode],
    ["Kernel", info.KernelVersion],
    ["Operating system", info.OperatingSystem],
    ["Architecture", info.Architecture],
    ["CPUs", info.NCPU],
    ["Memory", printBinarySize(info.MemTotal)],
    ["Name", info.Name],
    ["Root", info.DockerRootDir],
    ["Run", info.RunDir],
    ["Rootless", info.Rootless],
  ];
  return rows.map(([name, value]) => `${name}: ${value}\n`).join("");
}
