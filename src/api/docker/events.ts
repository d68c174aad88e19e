import { describeEvent, eventFilters, eventFits, readEvents } from "#engine";
import { parseFilters, withFilterWords } from "../filters.ts";
import { parseMoment } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { badParameter } from "./phrases.ts";

/** `GET /events` */
function events({ engine, query, gone }: Exchange): Answer {
  const filters = parseFilters(query.text("filters"), eventFilters);
  const moment = (name: string): number | undefined => {
    const text = query.filled(name);
    return text === undefined ? undefined : withFilterWords(() => parseMoment(name, text, Date.now()));
  };
  const [since, until] = [moment("since"), moment("until")];
  if (since !== undefined && until !== undefined && until < since)
    throw badParameter("`since` time cannot be after `until` time");
  // From here on nothing is missed, while the head goes out.
  const found = readEvents(engine, { since, until, signal: gone });
  return {
    status: 200,
    type: "application/json",
    stream: async (outlet) => {
      for await (const event of found) if (eventFits(filters, event)) await outlet.json(describeEvent(event));
    },
  };
}

export const eventRoutes: readonly Route[] = [{ method: "GET", path: "/events", handle: events }];
