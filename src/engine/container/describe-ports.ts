import type { ContainerSpec, PortWish } from "#runtime";

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** HostConfig.PortBindings: what was asked for, by the port of the container. */
export function describePortBindings(ports: readonly PortWish[]): Record<string, readonly Binding[]> {
  const bindings: Record<string, readonly Binding[]> = {};
  for (const [index, wish] of ports.entries()) {
    if (isSecondFamily(ports[index - 1], wish)) continue;
    const name = `${wish.containerPort}/${wish.protocol}`;
    const isBoth = isSecondFamily(wish, ports[index + 1]);
    const HostIp = isBoth ? "" : (wish.hostAddress ?? "127.0.0.1");
    bindings[name] = [...(bindings[name] ?? []), { HostIp, HostPort: printHostPort(wish) }];
  }
  return bindings;
}

/** All addresses of both families, which Docker's clients write as none, are two wishes here. */
export function isSecondFamily(first: PortWish | undefined, second: PortWish | undefined): boolean {
  return (
    first?.hostAddress === "0.0.0.0" &&
    second?.hostAddress === "::" &&
    first.containerPort === second.containerPort &&
    first.protocol === second.protocol &&
    printHostPort(first) === printHostPort(second)
  );
}

function printHostPort({ hostPort, hostPortEnd }: PortWish): string {
  if (hostPort === undefined) return "";
  return hostPortEnd === undefined ? String(hostPort) : `${hostPort}-${hostPortEnd}`;
}

/** Config.ExposedPorts: a port that is published is used as well. */
export function describeExposed(
  spec: Pick<ContainerSpec, "exposedPorts" | "ports">,
): Record<string, object> | undefined {
  const names = [
    ...spec.exposedPorts,
    ...spec.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
  ];
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
}
