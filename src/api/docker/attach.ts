import { findContainer, joinStreams, readSpec, recordEvent, requireJoinable } from "#engine";
import { isVialError } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { parseDetachKeys } from "../stream/detach-keys.ts";
import { streamTypeOf } from "../stream/frame.ts";
import { outputTo, relayInput } from "../stream/joined-socket.ts";
import { sendLog } from "../stream/log-frames.ts";
import { DockerAnswer } from "./phrases.ts";

/**
 * `POST /containers/{id}/attach`. Of a container that does not run the answer waits for its start, and misses nothing: so
 * does `docker run`.
 */
function attach({ engine, params, query, version, gone }: Exchange): Answer {
  const place = findContainer(engine, params.id ?? "");
  const spec = readSpec(place);
  refuse(place);
  const wanted = { stdin: query.bool("stdin"), stdout: query.bool("stdout"), stderr: query.bool("stderr") };
  const keys = parseDetachKeys(query.text("detachKeys") ?? "");
  return {
    type: streamTypeOf(spec.terminal, version),
    hijack: async (socket) => {
      const output = outputTo(socket, spec.terminal);
      if (query.bool("logs"))
        await sendLog(engine, place.id, {
          follow: false,
          ...wanted,
          write: async (stream, bytes) => await output(stream, bytes),
        });
      if (!query.bool("stream")) return;
      const joined = joinStreams(engine, place, (stream, bytes) =>
        (stream === 1 ? wanted.stdout : wanted.stderr) ? output(stream, bytes) : undefined,
      );
      recordEvent(engine, spec, "attach");
      gone.addEventListener("abort", () => joined.leave());
      const how = await relayInput(socket, joined, {
        stdin: wanted.stdin && spec.interactive,
        detachKeys: spec.terminal ? keys : undefined,
        atEnd: spec.stdinOnce === true && !spec.terminal ? "finish-input" : "leave",
      });
      if (how === "detached") recordEvent(engine, spec, "detach");
    },
  };
}

function refuse(place: Parameters<typeof requireJoinable>[0]): void {
  try {
    requireJoinable(place);
  } catch (error) {
    if (!isVialError(error) || error.code !== "container-paused") throw error;
    throw new DockerAnswer(409, `Container ${place.id} is paused. Unpause the container before attach`);
  }
}

export const attachRoutes: readonly Route[] = [
  { method: "POST", path: "/containers/{id}/attach", handle: attach },
];
