import { proxyInvalid } from "./error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for an address, or undefined for a direct connection. Lower-case names win, as in
 * curl. Loopback hosts are never proxied. NO_PROXY holds hosts, domains (with their subdomains), `*`, and CIDR blocks,
 * each with an optional port.
 */
export function proxyFor(url: URL, env: Environment = process.env): URL | undefined {
  const names =
    url.protocol === "https:"
      ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
      : ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
  const variable = names.find((name) => (env[name] ?? "") !== "");
  if (variable === undefined || isLoopbackHost(url.hostname)) return undefined;
  if (isExempt(url, env.no_proxy ?? env.NO_PROXY ?? "")) return undefined;
  const value = env[variable] ?? "";
  const proxy = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (proxy === null || (proxy.protocol !== "http:" && proxy.protocol !== "https:"))
    throw proxyInvalid(variable);
  return proxy;
}

/** True for localhost, its subdomains, 127.0.0.0/8 and ::1 (RFC 6761, RFC 1122). Takes a URL's hostname. */
export function isLoopbackHost(hostname: string): boolean {
  const name = bare(hostname);
  return (
    name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(?:\.\d+){3}$/.test(name)
  );
}

/** True for addresses that only mean something on this machine or link, cloud metadata among them (RFC 3927, RFC 4291). */
export function isLocalHost(hostname: string): boolean {
  const name = bare(hostname);
  return (
    isLoopbackHost(hostname) ||
    name === "0.0.0.0" ||
    name === "::" ||
    name.startsWith("169.254.") ||
    /^fe[89ab][0-9a-f]:/.test(name) ||
    // An IPv4-mapped address, as URL prints it: ::ffff:7f00:1.
    /^::ffff:(?:7f|a9fe:|0:0$)/.test(name)
  );
}

function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

function isExempt(url: URL, list: string): boolean {
  const host = bare(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const withPort = /^(.*[^:]|\[.*\]):(\d+)$/.exec(entry);
      const isAddress6 = !entry.startsWith("[") && entry.split(":").length > 2;
      if (withPort !== null && !isAddress6 && withPort[2] !== port) return false;
      const name = bare(
        (withPort !== null && !isAddress6 ? (withPort[1] ?? "") : entry).replace(/^\*?\./, ""),
      );
      if (name.includes("/")) return isInBlock(host, name);
      return host === name || host.endsWith(`.${name}`);
    });
}

function isInBlock(host: string, block: string): boolean {
  const [network = "", bits = ""] = block.split("/");
  const [a, b] = [parseIpv4(host), parseIpv4(network)];
  const length = Number(bits);
  if (a === undefined || b === undefined || !/^\d+$/.test(bits) || length > 32) return false;
  const mask = length === 0 ? 0 : (~0 << (32 - length)) >>> 0;
  return (a & mask) >>> 0 === (b & mask) >>> 0;
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
