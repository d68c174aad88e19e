import { parseNamed } from "#spec";

const dockerHosts = ["", "index.docker.io", "registry-1.docker.io", "hub.docker.com"];

/** The registry that a person names for login: nothing, "docker.io", "https://index.docker.io/v1/", "host:5000". Throws reference-invalid. */
export function parseRegistryHost(text: string): string {
  const host = text.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  if (dockerHosts.includes(host)) return "docker.io";
  // The reference grammar says what a host is; for a plain word such as "hub" it wants a port, to tell it from a name.
  const isPlain = !/[.:]/.test(host);
  parseNamed(`${host}${isPlain ? ":1" : ""}/x`);
  return host;
}
