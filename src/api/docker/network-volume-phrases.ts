import type { VialError } from "#spec";

// Docker's own sentences about networks and volumes.

interface Phrase {
  readonly status: number;
  readonly message: string;
}

/** `name` is what the error is about. */
export function networkVolumePhrase(error: VialError, name: string): Phrase | undefined {
  const say = (status: number, message: string) => ({ status, message });
  switch (error.code) {
    case "network-unknown":
      return say(404, `network ${name} not found`);
    case "network-ambiguous":
      return say(400, `network ${name} is ambiguous (${error.why ?? ""})`);
    case "network-exists":
      return say(409, `network with name ${name} already exists`);
    case "network-predefined":
      return error.message.includes("remove")
        ? say(403, `${name} is a pre-defined network and cannot be removed`)
        : say(403, `operation is not permitted on predefined ${name} network`);
    case "network-in-use":
      return say(
        403,
        `error while removing network: network ${name} has active endpoints (${error.why ?? ""})`,
      );
    case "network-twice":
      return say(403, `endpoint already exists in network ${name}`);
    case "not-in-network": {
      const network = /network "(.*?)"/.exec(error.message)?.[1] ?? "";
      return say(404, `container ${name} is not connected to network ${network}`);
    }
    case "volume-unknown":
      return say(404, `get ${name}: no such volume`);
    case "volume-in-use":
      return say(409, `remove ${name}: volume is in use - [${containersOf(error)}]`);
    case "volume-name-invalid":
      return say(
        400,
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    case "volume-driver-unknown":
      return say(404, `error looking up volume plugin ${name}: plugin "${name}" not found`);
    default:
      return undefined;
  }
}

function containersOf(error: VialError): string {
  return [...error.message.matchAll(/the container "(.*?)"/g)].map(([, container]) => container).join(", ");
}
