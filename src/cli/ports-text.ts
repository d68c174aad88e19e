import type { PublishedPort } from "#engine";

// Published ports as Docker's clients print them.

/** "127.0.0.1:8080", "[::1]:8080" */
export function printHostPort({ hostAddress, hostPort }: PublishedPort): string {
  return `${hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress}:${hostPort}`;
}

/** The column PORTS: where each port leads, numbers that follow each other as a range, then those that lead nowhere. */
export function printPorts(published: readonly PublishedPort[], exposed: readonly string[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const done: string[] = [];
  const others: string[] = [];
  const add = (key: string, port: number) => {
    const group = groups.get(key);
    if (group?.last === port - 1) group.last = port;
    else {
      if (group !== undefined) done.push(printGroup(key, group));
      groups.set(key, { first: port, last: port });
    }
  };
  const sorted = [...published].sort(
    (a, b) =>
      a.containerPort - b.containerPort ||
      (a.hostAddress < b.hostAddress ? -1 : a.hostAddress > b.hostAddress ? 1 : a.hostPort - b.hostPort),
  );
  const led = new Set(published.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  for (const port of exposed) {
    const [number = "", protocol = "tcp"] = port.split("/");
    if (/^\d+$/.test(number) && !led.has(port)) add(`/${protocol}`, Number(number));
  }
  for (const port of sorted) {
    const { containerPort, hostPort, protocol } = port;
    const address = printHostPort(port).replace(/:\d+$/, "");
    if (hostPort === containerPort) add(`${address}/${protocol}`, hostPort);
    else others.push(`${address}:${hostPort}->${containerPort}/${protocol}`);
  }
  return [...done, ...[...groups].map(([key, group]) => printGroup(key, group)), ...others].join(", ");
}

function printGroup(key: string, { first, last }: { first: number; last: number }): string {
  const [address = "", protocol = ""] = key.split("/");
  const ports = first === last ? String(first) : `${first}-${last}`;
  return address === "" ? `${ports}/${protocol}` : `${address}:${ports}->${ports}/${protocol}`;
}
