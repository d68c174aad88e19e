import { newestVersion, printVersion } from "../api-version.ts";
import type { Answer, Route } from "../route.ts";

function ping(): Answer {
  return {
    status: 200,
    bytes: "OK",
    type: "text/plain; charset=utf-8",
    headers: {
      "Api-Version": printVersion(newestVersion),
      "Builder-Version": "1",
      "Cache-Control": "no-cache, no-store, must-revalidate",
      Pragma: "no-cache",
    },
  };
}

export const systemRoutes: readonly Route[] = [
  { method: "GET", path: "/_ping", handle: ping },
  { method: "HEAD", path: "/_ping", handle: ping },
];
