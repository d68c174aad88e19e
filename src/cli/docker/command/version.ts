import { release } from "node:os";
import { newestVersion, oldestVersion, printVersion } from "#api";
import { hostPlatform } from "#spec";
import type { Command } from "../../command.ts";
import { inspectFormatFlag } from "../../flag.ts";
import { printDocument } from "../../format.ts";
import { out } from "../../print.ts";
import { version } from "../../version.ts";

/**
 * The release of Docker whose command line is the measure of docs/docker.md. Scripts ask for a version to learn what they
 * may use; what stands behind "+" says who answers (build metadata in the terms of semver.org).
 */
const measure = "28.2.2";

export const dockerVersion = `${measure}+vial.${version}`;

/** What `docker --version` prints. */
export const versionLine = `Docker version ${dockerVersion}, build vial\n`;

export const command: Command = {
  name: "version",
  usage: "[OPTIONS]",
  summary: "Show the version of Docker that this command line is like, and of Vial",
  flags: [inspectFormatFlag],
  args: [0, 0],
  run(flags) {
    out(printDocument(versionDocument(), flags.text("format"), printPlain));
    return 0;
  },
};

export interface ClientHalf {
  readonly Platform: { readonly Name: string };
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly BuildTime: string;
  readonly Context: string;
}

/** `context`: the name of the engine that was chosen. */
export function clientHalf(context: string, apiVersion = printVersion(newestVersion)): ClientHalf {
  const { os, architecture } = hostPlatform();
  return {
    Platform: { Name: `Vial ${version}` },
    Version: dockerVersion,
    ApiVersion: apiVersion,
    DefaultAPIVersion: printVersion(newestVersion),
    GitCommit: "vial",
    GoVersion: `none; Bun ${Bun.version}`,
    Os: os,
    Arch: architecture,
    BuildTime: "",
    Context: context,
  };
}

/** In the shape of the API's version. */
function versionDocument() {
  const Client = clientHalf("default");
  const { Context: _, DefaultAPIVersion: __, ...half } = Client;
  return {
    Client,
    Server: {
      ...half,
      Components: [
        {
          Name: "Engine",
          Version: dockerVersion,
          Details: {
            ApiVersion: half.ApiVersion,
            Arch: half.Arch,
            KernelVersion: release(),
            MinAPIVersion: printVersion(oldestVersion),
            Os: half.Os,
          },
        },
      ],
      MinAPIVersion: printVersion(oldestVersion),
      KernelVersion: release(),
    },
  };
}

function printPlain({ Client, Server }: ReturnType<typeof versionDocument>): string {
  return `${printClient(Client)}
Server: ${Server.Platform.Name} (in this process: there is no daemon)
 Engine:
  Version:          ${Server.Version}
  API version:      ${Server.ApiVersion} (minimum version ${Server.MinAPIVersion})
  OS/Arch:          ${Server.Os}/${Server.Arch}
  Kernel:           ${Server.KernelVersion}
`;
}

export function printClient(client: ClientHalf): string {
  return `Client: ${client.Platform.Name}
 Version:           ${client.Version}
 API version:       ${client.ApiVersion}
 Go version:        ${client.GoVersion}
 Git commit:        ${client.GitCommit}
 OS/Arch:           ${client.Os}/${client.Arch}
 Context:           ${client.Context}
`;
}
