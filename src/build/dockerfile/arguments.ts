import { type Platform, printPlatform } from "#spec";

/** Every RUN sees these without an ARG. They are in no history and no cache key: another proxy makes no other image. */
export const proxyArgs: readonly string[] = [
  "HTTP_PROXY",
  "http_proxy",
  "HTTPS_PROXY",
  "https_proxy",
  "FTP_PROXY",
  "ftp_proxy",
  "NO_PROXY",
  "no_proxy",
  "ALL_PROXY",
  "all_proxy",
];

const parts = ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"] as const;

/** The names of the arguments that Docker sets by itself. A FROM sees them at once, a stage after `ARG NAME`. */
export const automaticArgs: readonly string[] = [
  ...parts.map((part) => `BUILD${part}`),
  ...parts.map((part) => `TARGET${part}`),
  "TARGETSTAGE",
];

/** The values of the automatic arguments. */
export function platformArgs(build: Platform, target: Platform, stage: string): ReadonlyMap<string, string> {
  return new Map([...describe("BUILD", build), ...describe("TARGET", target), ["TARGETSTAGE", stage]]);
}

function describe(prefix: string, platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, printPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform["os.version"] ?? ""],
    [`${prefix}ARCH`, platform.architecture],
    // arm64 has one variant, and Docker leaves it out.
    [`${prefix}VARIANT`, printPlatform(platform).split("/")[2] ?? ""],
  ];
}
