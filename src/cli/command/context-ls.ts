import type { Command } from "../command.ts";
import { boolFlag, listFormatFlag } from "../flag.ts";
import { printList, type Row } from "../format.ts";
import { errLine, out, outLine } from "../print.ts";
import { ContextStore } from "../remote/context-store.ts";
import { currentContext } from "../remote/current.ts";

export const command: Command = {
  name: "context ls",
  usage: "[OPTIONS]",
  summary: "List the engines that have names",
  flags: [listFormatFlag, boolFlag("quiet", "Print names alone", "q")],
  args: [0, 0],
  run(flags) {
    const store = new ContextStore();
    const current = currentContext(store);
    const own: Row = {
      Current: current === "default",
      Description: "The engine of this machine, or the one that DOCKER_HOST names",
      DockerEndpoint: process.env.DOCKER_HOST ?? "",
      Error: "",
      Name: "default",
    };
    const rows = [
      own,
      ...store.list().map(
        ({ name, description, host }): Row => ({
          Current: current === name,
          Description: description,
          DockerEndpoint: host,
          Error: "",
          Name: name,
        }),
      ),
    ];
    if (flags.bool("quiet")) for (const { Name } of rows) outLine(String(Name));
    else out(printList(listing, rows, flags.text("format")));
    if ((process.env.DOCKER_HOST ?? "") !== "")
      errLine(
        "Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set the global --context flag, or unset DOCKER_HOST environment variable.",
      );
    return 0;
  },
};

const listing = {
  table: "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}",
  headers: {
    Current: "",
    Description: "DESCRIPTION",
    DockerEndpoint: "DOCKER ENDPOINT",
    Error: "ERROR",
    Name: "NAME",
  },
};
