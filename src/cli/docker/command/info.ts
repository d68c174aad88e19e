import { openEngine, systemFacts } from "#engine";
import { printBinarySize } from "#spec";
import type { Command } from "../../command.ts";
import type { Info } from "../../command/info.ts";
import { inspectFormatFlag } from "../../flag.ts";
import { printDocument } from "../../format.ts";
import { out } from "../../print.ts";
import { clientHalf, dockerVersion } from "./version.ts";

export const command: Command = {
  name: "info",
  usage: "[OPTIONS]",
  summary: "Show the state of the store and of this machine",
  flags: [inspectFormatFlag],
  args: [0, 0],
  run(flags) {
    const info = { ...systemFacts(openEngine(), dockerVersion), ClientInfo: clientInfo() };
    out(printDocument(info, flags.text("format"), printPlain));
    return 0;
  },
};

function clientInfo() {
  const { Version, Context } = clientHalf("default");
  return { Debug: false, Version, Context, Plugins: [], Warnings: null };
}

/** In Docker's layout, with the lines that are true here. */
function printPlain(info: Info & { readonly ClientInfo: ReturnType<typeof clientInfo> }): string {
  return `Client: Vial
 Version:    ${info.ClientInfo.Version}
 Context:    ${info.ClientInfo.Context}
 Debug Mode: false

Server:
 Containers: ${info.Containers}
  Running: ${info.ContainersRunning}
  Paused: ${info.ContainersPaused}
  Stopped: ${info.ContainersStopped}
 Images: ${info.Images}
 Server Version: ${info.ServerVersion}
 Storage Driver: ${info.Driver}
 Cgroup Driver: ${info.CgroupDriver}
 Cgroup Version: ${info.CgroupVersion}
 Swarm: inactive
 Runtimes: ${Object.keys(info.Runtimes).join(" ")}
 Default Runtime: ${info.DefaultRuntime}
 Security Options:
  seccomp
   Profile: builtin
${info.Rootless ? "  rootless\n" : ""} Kernel Version: ${info.KernelVersion}
 Operating System: ${info.OperatingSystem}
 OSType: ${info.OSType}
 Architecture: ${info.Architecture}
 CPUs: ${info.NCPU}
 Total Memory: ${printBinarySize(info.MemTotal)}
 Name: ${info.Name}
 Docker Root Dir: ${info.DockerRootDir}
 Debug Mode: false
 Experimental: false
 Live Restore Enabled: true
`;
}
