import { instanceFiles, type InstanceRecord, listInstances } from "#engine";
import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";
import { type Listing, printList } from "../format.ts";
import { choose } from "../instance/choose.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "instance list",
  usage: "[OPTIONS] [PATTERN]",
  summary: "List your instances on this host",
  flags: [
    boolFlag("json", "As JSON, in Apptainer's form", "j"),
    boolFlag("logs", "With the files that they print into", "l"),
  ],
  examples: ["vial instance list", "vial instance list 'web*'"],
  args: [0, 1],
  run(flags, [pattern]) {
    const all = listInstances();
    const found = pattern === undefined ? all : choose(all, pattern);
    if (flags.bool("json")) out(`${JSON.stringify({ instances: found.map(jsonOf) }, undefined, "\t")}\n`);
    else out(printList(flags.bool("logs") ? withLogs : plain, found.map(rowOf), undefined));
    return 0;
  },
};

const headers = {
  Name: "INSTANCE NAME",
  Pid: "PID",
  Ip: "IP",
  Image: "IMAGE",
  Out: "STDOUT",
  Err: "STDERR",
};
const plain: Listing = { headers, table: "{{.Name}}\t{{.Pid}}\t{{.Ip}}\t{{.Image}}" };
const withLogs: Listing = { headers, table: "{{.Name}}\t{{.Pid}}\t{{.Out}}\t{{.Err}}" };

/** An instance has the host's network, or none: an address of its own it never has. */
function rowOf({ name, process, image }: InstanceRecord) {
  const { out: Out, err: Err } = instanceFiles(name);
  return { Name: name, Pid: String(process.pid), Ip: "", Image: image.name, Out, Err };
}

function jsonOf({ name, process, image }: InstanceRecord) {
  const files = instanceFiles(name);
  return {
    instance: name,
    pid: process.pid,
    img: image.name,
    ip: "",
    logErrPath: files.err,
    logOutPath: files.out,
  };
}
