import type { PortWish } from "#network";
import { isSecondFamily } from "./describe-ports.ts";

/**
 * Ports that name no address, at the one where their network publishes them (`host_binding_ipv4` of Docker's bridges).
 * Undefined: they stay as they are.
 */
export function boundPorts(ports: readonly PortWish[], binding: string | undefined): readonly PortWish[] {
  if (binding === undefined) return ports;
  return ports.flatMap((wish, index) => {
    if (isSecondFamily(ports[index - 1], wish)) return [];
    const isUnnamed = wish.hostAddress === undefined || isSecondFamily(wish, ports[index + 1]);
    return [isUnnamed ? { ...wish, hostAddress: binding } : wish];
  });
}
