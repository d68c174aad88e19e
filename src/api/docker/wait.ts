import { findContainer, type WaitCondition, waitForCondition } from "#engine";
import type { Answer, Exchange, Route } from "../route.ts";
import { badParameter } from "./phrases.ts";

const conditions: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

/** `POST /containers/{id}/wait`: the head goes out when the waiting has begun, for `docker run` starts the container after it. */
function wait({ engine, params, query, gone }: Exchange): Answer {
  const { id } = findContainer(engine, params.id ?? "");
  const text = query.filled("condition") ?? "not-running";
  const condition = conditions.find((known) => known === text);
  if (condition === undefined) throw badParameter(`invalid condition: ${JSON.stringify(text)}`);
  const exitCode = waitForCondition(engine, id, condition, gone);
  // It is awaited below; until then a failure is nobody's.
  exitCode.catch(() => {});
  return {
    status: 200,
    type: "application/json",
    stream: async (outlet) => outlet.json({ StatusCode: await exitCode }),
  };
}

export const waitRoutes: readonly Route[] = [{ method: "POST", path: "/containers/{id}/wait", handle: wait }];
