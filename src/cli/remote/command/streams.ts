import { err, out, outLine } from "../../print.ts";
import { printDocument } from "../../format.ts";
import { readFrames } from "../frames.ts";
import { printFilters } from "../filters.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf, documentsOf, numberOf, textOf, textsOf } from "../row.ts";
import { parseMoment } from "../moment-flag.ts";

// What another engine sends as it comes.

export const logs: RemoteCommand = {
  flags: ["details", "follow", "since", "tail", "timestamps", "until"],
  async run(engine, flags, [name = ""]) {
    const path = `/containers/${encodeURIComponent(name)}`;
    const config = documentOf(documentOf(await engine.ask("GET", `${path}/json`)).Config);
    const { reply, wire } = await engine.open("GET", `${path}/logs`, {
      query: {
        stdout: true,
        stderr: true,
        details: flags.has("details") && flags.bool("details"),
        follow: flags.bool("follow"),
        since: parseMoment("since", flags.text("since")),
        tail: flags.text("tail"),
        timestamps: flags.bool("timestamps"),
        until: parseMoment("until", flags.text("until")),
      },
    });
    if (config.Tty === true) for await (const bytes of reply.body) out(bytes);
    else
      for await (const { stream, bytes } of readFrames(reply.body)) {
        if (stream === 1) out(bytes);
        else err(bytes);
      }
    wire.close();
    return 0;
  },
};

export const events: RemoteCommand = {
  flags: ["filter", "format", "since", "until"],
  async run(engine, flags) {
    const query = {
      since: parseMoment("since", flags.text("since")),
      until: parseMoment("until", flags.text("until")),
      filters: printFilters(flags.list("filter")),
    };
    for await (const event of engine.documents("GET", "/events", { query }))
      out(printDocument(documentOf(event), flags.text("format"), printEvent));
    return 0;
  },
};

/** As Docker: time, type, action, id, and the attributes by name. */
function printEvent(event: Readonly<Record<string, unknown>>): string {
  const nano = BigInt(Math.trunc(numberOf(event.timeNano)));
  const seconds = new Date(numberOf(event.time) * 1000).toISOString().slice(0, 19);
  const rest = String(nano % 1_000_000_000n).padStart(9, "0");
  const actor = documentOf(event.Actor);
  const attributes = Object.entries(documentOf(actor.Attributes))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${textOf(value)}`);
  const tail = attributes.length === 0 ? "" : ` (${attributes.join(", ")})`;
  return `${seconds}.${rest}Z ${textOf(event.Type)} ${textOf(event.Action)} ${textOf(actor.ID)}${tail}\n`;
}

export const top: RemoteCommand = {
  flags: [],
  async run(engine, _flags, [name = "", ...options]) {
    const answer = documentOf(
      await engine.ask("GET", `/containers/${encodeURIComponent(name)}/top`, {
        query: { ps_args: options.length === 0 ? undefined : options.join(" ") },
      }),
    );
    const { printTable } = await import("#kit");
    const rows = Array.isArray(answer.Processes) ? answer.Processes.map(textsOf) : [];
    out(printTable([textsOf(answer.Titles), ...rows]));
    return 0;
  },
};

export const diff: RemoteCommand = {
  flags: [],
  async run(engine, _flags, [name = ""]) {
    const answer = await engine.ask("GET", `/containers/${encodeURIComponent(name)}/changes`);
    for (const change of documentsOf(answer))
      outLine(`${"CAD"[numberOf(change.Kind)] ?? "?"} ${textOf(change.Path)}`);
    return 0;
  },
};

/** "80/tcp -> 0.0.0.0:8080" */
export const port: RemoteCommand = {
  flags: [],
  async run(engine, _flags, [name = "", wanted]) {
    const answer = documentOf(await engine.ask("GET", `/containers/${encodeURIComponent(name)}/json`));
    const ports = documentOf(documentOf(answer.NetworkSettings).Ports);
    const key = wanted === undefined ? undefined : wanted.includes("/") ? wanted : `${wanted}/tcp`;
    const lines = Object.entries(ports)
      .filter(([inside]) => key === undefined || inside === key)
      .flatMap(([inside, bindings]) =>
        documentsOf(bindings).map((binding) => {
          const address = textOf(binding.HostIp);
          const place = `${address.includes(":") ? `[${address}]` : address}:${textOf(binding.HostPort)}`;
          return key === undefined ? `${inside} -> ${place}` : place;
        }),
      );
    for (const line of lines.sort()) outLine(line);
    if (lines.length > 0 || key === undefined) return 0;
    err(`Error: No public port '${key}' published for ${name}\n`);
    return 1;
  },
};
