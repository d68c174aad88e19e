import { findContainer, processTable, recordEvent, readSpec } from "#engine";
import type { Answer, Exchange, Route } from "../route.ts";

/** `GET /containers/{id}/top`: what is given is what ps(1) shows, without its being run. */
function top({ engine, params, query }: Exchange): Answer {
  const place = findContainer(engine, params.id ?? "");
  const words = (query.filled("ps_args") ?? "").split(" ").filter((word) => word !== "");
  const { titles, rows } = processTable(engine, place.id, words);
  recordEvent(engine, readSpec(place), "top");
  return { status: 200, json: { Titles: titles, Processes: rows } };
}

export const topRoutes: readonly Route[] = [{ method: "GET", path: "/containers/{id}/top", handle: top }];
