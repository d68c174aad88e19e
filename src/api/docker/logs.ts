import { findContainer, requireLog, readSpec } from "#engine";
import type { Answer, Exchange, Route } from "../route.ts";
import { frame, streamTypeOf } from "../stream/frame.ts";
import { sendLog } from "../stream/log-frames.ts";
import { badParameter } from "./phrases.ts";

/** `GET /containers/{id}/logs` */
function logs({ engine, params, query, version, gone }: Exchange): Answer {
  const place = findContainer(engine, params.id ?? "");
  const [stdout, stderr] = [query.bool("stdout"), query.bool("stderr")];
  if (!stdout && !stderr) throw badParameter("Bad parameters: you must choose at least one stream");
  const { terminal } = readSpec(place);
  const wish = {
    follow: query.bool("follow"),
    tail: readTail(query.text("tail")),
    since: readSeconds("since", query.text("since")),
    until: readSeconds("until", query.text("until")),
    timestamps: query.bool("timestamps"),
    details: query.bool("details"),
  };
  // Before the head goes out, so that its error has a status.
  requireLog(engine, place.id);
  return {
    status: 200,
    // As dockerd 20.10: before 1.42 the answer had no type.
    ...(version < 42 ? {} : { type: streamTypeOf(terminal, version) }),
    stream: (outlet) =>
      sendLog(engine, place.id, {
        ...wish,
        stdout,
        stderr,
        signal: gone,
        write: (stream, bytes) => outlet.write(terminal ? bytes : frame(stream, bytes)),
      }),
  };
}

/** The last lines alone; `all`, nothing and what is no number are all, as in Docker. */
function readTail(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Unix seconds with a fraction, as milliseconds. 0 is none. */
export function readSeconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "" || text === "0") return undefined;
  const found = /^-?\d{1,12}(\.\d{1,9})?$/.test(text);
  if (!found) throw badParameter(`invalid value for "${name}": "${text}" is no number of seconds since 1970`);
  return Number(text) * 1000;
}

export const logRoutes: readonly Route[] = [{ method: "GET", path: "/containers/{id}/logs", handle: logs }];
