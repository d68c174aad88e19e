import type { IncomingMessage } from "node:http";
import type { Engine } from "#engine";
import { type ApiVersion, newestVersion, oldestVersion, printVersion } from "./api-version.ts";
import { readJson } from "./body.ts";
import { clientTooNew, clientTooOld, pageNotFound } from "./docker/phrases.ts";
import { Query } from "./query.ts";
import type { Answer, Exchange } from "./route.ts";
import { findRoute } from "./routes.ts";

/** What every request is answered with. */
export interface Served {
  readonly engine: Engine;
  /** The version of Vial. */
  readonly vial: string;
}

/** Finds the route of a request and lets it answer. */
export function handle(
  served: Served,
  request: IncomingMessage,
  gone: AbortSignal,
): Answer | Promise<Answer> {
  const { method = "GET", url = "/" } = request;
  const mark = url.indexOf("?");
  const { version, path } = takeVersion(mark < 0 ? url : url.slice(0, mark));
  const found = findRoute(method, path);
  if (found === undefined) throw pageNotFound();
  const exchange: Exchange = {
    ...served,
    version,
    params: found.params,
    query: new Query(mark < 0 ? "" : url.slice(mark + 1)),
    headers: request.headers,
    body: request,
    json: () => readJson(request),
    gone,
  };
  return found.route.handle(exchange);
}

/** `/v1.41/info` is version 41 and "/info". */
export function takeVersion(whole: string): { readonly version: ApiVersion; readonly path: string } {
  const found = /^\/v(\d{1,4})\.(\d{1,4})(\/.*)$/.exec(whole);
  if (found === null) return { version: newestVersion, path: whole };
  const asked = `${found[1]}.${found[2]}`;
  const version = Number(found[1]) === 1 ? Number(found[2]) : Number(found[1]) < 1 ? 0 : 1000;
  if (version < oldestVersion) throw clientTooOld(asked, printVersion(oldestVersion));
  if (version > newestVersion) throw clientTooNew(asked, printVersion(newestVersion));
  return { version, path: found[3] ?? "/" };
}
