import { buildApart } from "#engine";
import { parseNamed, printFamiliar } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { BuildMessages, buildFault } from "./build-messages.ts";
import { readBuildOrder } from "./build-query.ts";
import { messageAnswer } from "./message-stream.ts";
import { credentialsOf } from "./registry-auth.ts";

/** POST /build: the classic builder's words over Vial's own. A client that goes away ends its build. */
async function build(exchange: Exchange): Promise<Answer> {
  const { query, headers } = exchange;
  const order = { ...readBuildOrder(query), credentials: [...credentialsOf(headers)] };
  return await messageAnswer(async (messages) => {
    const shown = new BuildMessages(messages);
    let hasBegun = false;
    try {
      const id = await buildApart(
        exchange.engine,
        order,
        order.context.kind === "archive" ? exchange.body : undefined,
        {
          signal: exchange.gone,
          report: async (line) => {
            hasBegun ||= line.kind === "begun";
            if (!query.bool("q")) shown.report(line);
            await messages.flush();
          },
        },
      );
      if (query.bool("q")) messages.say({ stream: `${id}\n` });
      else
        shown.finish(
          id,
          order.names.map((name) => printFamiliar(parseNamed(name))),
        );
    } catch (error) {
      if (!hasBegun) throw buildFault(error);
      messages.say(shown.failure(error));
    }
  });
}

export const buildRoutes: readonly Route[] = [{ method: "POST", path: "/build", handle: build }];
