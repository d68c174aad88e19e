import { runSync } from "../run.ts";

// pasta(1) of passt: a network for a namespace without any right on the host. What a program inside sends becomes connections
// of this user's, and the other way round; who connects is seen inside by his own address.

export interface PastaWish {
  /** A file that the namespace is mounted at. */
  readonly namespace: string;
  /** It writes its pid here when all is ready. */
  readonly pidFile: string;
  readonly inside: UserAddresses;
  readonly ports: readonly PastaPort[];
}

/** The addresses in a network that one process makes. */
export interface UserAddresses {
  readonly interface: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly nameServer: string;
}

export interface PastaPort {
  readonly protocol: "tcp" | "udp";
  /** IPv4. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

/**
 * Nothing but what is asked for goes in or out: by itself pasta would lead every port that is open on one side to the other, and the
 * gateway to the host's own loopback.
 */
export function pastaArgs({ namespace, pidFile, inside, ports }: PastaWish): readonly string[] {
  const specs = (protocol: "tcp" | "udp", flag: string) => {
    const own = ports.filter((port) => port.protocol === protocol);
    return own.length === 0 ? [flag, "none"] : own.flatMap((port) => [flag, printPort(port)]);
  };
  return [
    "--config-net",
    "--quiet",
    "--ipv4-only",
    "--no-map-gw",
    ...["--pid", pidFile],
    ...["--ns-ifname", inside.interface],
    ...["--address", inside.address, "--netmask", String(inside.prefix), "--gateway", inside.gateway],
    ...["--dns-forward", inside.nameServer],
    ...specs("tcp", "--tcp-ports"),
    ...specs("udp", "--udp-ports"),
    ...["--tcp-ns", "none", "--udp-ns", "none"],
    // The file is gone as soon as pasta has it open.
    "--no-netns-quit",
    ...["--netns", namespace],
  ];
}

function printPort({ hostAddress, hostPort, containerPort }: PastaPort): string {
  const ports = `${hostPort}:${containerPort}`;
  return hostAddress === "0.0.0.0" ? ports : `${hostAddress}/${ports}`;
}

/** Starts pasta, which stays behind. Undefined when it is ready, or what it said. */
export function startPasta(wish: PastaWish): string | undefined {
  // One run of many hung before it was ready.
  const { exitCode, stderr } = runSync("pasta", pastaArgs(wish), { timeout: 10_000 });
  return exitCode === 0 ? undefined : sayingOf(stderr);
}

/** Without a system log pasta says so for each line. */
export function sayingOf(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.endsWith("to syslog"));
  return lines.slice(-3).join("; ") || "it gave no reason";
}
