import { release } from "node:os";
import { newestVersion, oldestVersion, printVersion } from "../api-version.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { systemInfo } from "./system-info.ts";

function ping(): Answer {
  return {
    status: 200,
    bytes: "OK",
    type: "text/plain; charset=utf-8",
    headers: {
      "Api-Version": printVersion(newestVersion),
      // 1: the classic builder. The docker command line takes BuildKit's protocol for 2.
      "Builder-Version": "1",
      Swarm: "inactive",
      "Cache-Control": "no-cache, no-store, must-revalidate",
      Pragma: "no-cache",
    },
  };
}

/** `GET /version`: Docker's shape. The names and numbers are Vial's own. */
function versions({ vial }: Exchange): Answer {
  const common = {
    ApiVersion: printVersion(newestVersion),
    MinAPIVersion: printVersion(oldestVersion),
    GitCommit: "",
    GoVersion: `bun${Bun.version}`,
    Os: "linux",
    // In Go's words.
    Arch: process.arch === "x64" ? "amd64" : process.arch,
    KernelVersion: release(),
    BuildTime: "",
  };
  return {
    status: 200,
    json: {
      Platform: { Name: "Vial" },
      Components: [{ Name: "Engine", Version: vial, Details: { ...common, Experimental: "false" } }],
      Version: vial,
      ...common,
      Experimental: false,
    },
  };
}

function info({ engine, vial, version }: Exchange): Answer {
  return { status: 200, json: systemInfo(engine, vial, version) };
}

export const systemRoutes: readonly Route[] = [
  { method: "GET", path: "/_ping", handle: ping },
  { method: "HEAD", path: "/_ping", handle: ping },
  { method: "GET", path: "/version", handle: versions },
  { method: "GET", path: "/info", handle: info },
];
