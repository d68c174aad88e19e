import { clientHalf, printClient } from "../../docker/command/version.ts";
import { printDocument } from "../../format.ts";
import { out } from "../../print.ts";
import { printBinarySize } from "#spec";
import type { RemoteCommand } from "../remote-command.ts";
import { type Document, documentOf, documentsOf, numberOf, textOf, textsOf } from "../row.ts";

export const version: RemoteCommand = {
  flags: ["format"],
  async run(engine, flags) {
    const Client = clientHalf(engine.endpoint.context, await engine.version());
    const Server = documentOf(await engine.ask("GET", "/version"));
    out(
      printDocument(
        { Client, Server },
        flags.text("format"),
        () => `${printClient(Client)}\n${printServer(Server)}`,
      ),
    );
    return 0;
  },
};

function printServer(server: Document): string {
  const rows = documentsOf(server.Components).map((component) => {
    const details = documentOf(component.Details);
    const lines = [
      ["Version", textOf(component.Version)],
      ["API version", textOf(details.ApiVersion)],
      ["OS/Arch", textOf(details.Arch) === "" ? "" : `${textOf(details.Os)}/${textOf(details.Arch)}`],
      ["GitCommit", textOf(details.GitCommit)],
    ].filter(([, value]) => value !== "");
    return ` ${textOf(component.Name)}:\n${lines.map(([name, value]) => `  ${`${name}:`.padEnd(18)}${value}\n`).join("")}`;
  });
  return `Server: ${textOf(documentOf(server.Platform).Name)}\n${rows.join("")}`;
}

export const info: RemoteCommand = {
  flags: ["format"],
  async run(engine, flags) {
    const facts = documentOf(await engine.ask("GET", "/info"));
    const { Version, Context } = clientHalf(engine.endpoint.context);
    const whole = { ...facts, ClientInfo: { Debug: false, Version, Context, Plugins: [], Warnings: null } };
    out(printDocument(whole, flags.text("format"), () => printFacts(facts, Version, Context)));
    return 0;
  },
};

function printFacts(facts: Document, clientVersion: string, context: string): string {
  const rows: readonly (readonly [string, string])[] = [
    ["Containers", String(numberOf(facts.Containers))],
    [" Running", String(numberOf(facts.ContainersRunning))],
    [" Paused", String(numberOf(facts.ContainersPaused))],
    [" Stopped", String(numberOf(facts.ContainersStopped))],
    ["Images", String(numberOf(facts.Images))],
    ["Server Version", textOf(facts.ServerVersion)],
    ["Storage Driver", textOf(facts.Driver)],
    ["Logging Driver", textOf(facts.LoggingDriver)],
    ["Cgroup Driver", textOf(facts.CgroupDriver)],
    ["Cgroup Version", textOf(facts.CgroupVersion)],
    ["Swarm", textOf(documentOf(facts.Swarm).LocalNodeState)],
    ["Runtimes", Object.keys(documentOf(facts.Runtimes)).join(" ")],
    ["Default Runtime", textOf(facts.DefaultRuntime)],
    ["Security Options", textsOf(facts.SecurityOptions).join(" ")],
    ["Kernel Version", textOf(facts.KernelVersion)],
    ["Operating System", textOf(facts.OperatingSystem)],
    ["OSType", textOf(facts.OSType)],
    ["Architecture", textOf(facts.Architecture)],
    ["CPUs", String(numberOf(facts.NCPU))],
    ["Total Memory", printBinarySize(numberOf(facts.MemTotal))],
    ["Name", textOf(facts.Name)],
    ["ID", textOf(facts.ID)],
    ["Docker Root Dir", textOf(facts.DockerRootDir)],
    ["Live Restore Enabled", String(facts.LiveRestoreEnabled === true)],
  ];
  const client = `Client: Vial\n Version:    ${clientVersion}\n Context:    ${context}\n Debug Mode: false\n`;
  return `${client}\nServer:\n${rows.map(([name, value]) => ` ${name}: ${value}\n`).join("")}`;
}
