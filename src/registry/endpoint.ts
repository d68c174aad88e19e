import type { ImageReference } from "#spec";
import type { Transport } from "./transport.ts";

/** One place where a repository can be had: the registry itself or a mirror of it. */
export interface Endpoint {
  /** The host as people type it and as credentials are kept: "docker.io", "localhost:5000". */
  readonly host: string;
  /** Scheme, host and path in front of "/v2/", without a slash at the end. */
  readonly base: URL;
}

/** The registry of a reference. Docker Hub's API lives on a host of its own. */
export function originEndpoint(domain: string): Endpoint {
  const apiHost = domain === "docker.io" ? "registry-1.docker.io" : domain;
  return { host: domain, base: new URL(`https://${apiHost}`) };
}

/** Mirrors in the order of the settings, then the registry itself. */
export function pullEndpoints(transport: Transport, reference: ImageReference): readonly Endpoint[] {
  const mirrors = transport.settings(reference.domain).mirrors.map((text): Endpoint => {
    const base = new URL(text.includes("://") ? text : `https://${text}`);
    base.pathname = base.pathname.replace(/\/$/, "");
    return { host: base.host, base };
  });
  return [...mirrors, originEndpoint(reference.domain)];
}

/** The address of `/v2/PATH` at an endpoint. */
export function apiUrl(endpoint: Endpoint, path: string): URL {
  const url = new URL(endpoint.base);
  url.pathname = `${endpoint.base.pathname.replace(/\/$/, "")}/v2/${path}`;
  return url;
}
