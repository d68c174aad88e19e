import { readFileSync } from "node:fs";
import type { Flags } from "../parse.ts";
import type { Context, ContextStore, TlsFileName, TlsFiles } from "./context-store.ts";
import { parseAddress } from "./endpoint.ts";
import { contextPartInvalid, endpointFileUnreadable } from "./error.ts";

export interface EndpointParts {
  readonly host: string;
  readonly skipTlsVerify: boolean;
  readonly tls: TlsFiles;
}

const fileOfKey: Readonly<Record<string, TlsFileName>> = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };

/** Parses `--docker host=...,ca=...,cert=...,key=...,skip-tls-verify=true` or `from=CONTEXT`; undefined without the flag. */
export function readEndpointParts(flags: Flags, store: ContextStore): EndpointParts | undefined {
  const text = flags.filled("docker");
  if (text === undefined) return undefined;
  const parts = new Map<string, string>();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    const key = part.slice(0, Math.max(equals, 0));
    if (!["host", "from", "ca", "cert", "key", "skip-tls-verify"].includes(key))
      throw contextPartInvalid(text, `"${part}" is not KEY=VALUE with a key that is known`);
    parts.set(key, part.slice(equals + 1));
  }
  const from = parts.get("from");
  if (from !== undefined) {
    if (parts.size > 1) throw contextPartInvalid(text, "from= stands alone");
    return partsOf(store, from);
  }
  const host = parts.get("host") ?? "";
  const tls = Object.fromEntries(
    Object.entries(fileOfKey).flatMap(([key, file]) => {
      const path = parts.get(key) ?? "";
      return path === "" ? [] : [[file, readPem(path)]];
    }),
  );
  const skip = parts.get("skip-tls-verify") ?? "false";
  if (!/^(true|false|1|0)$/i.test(skip)) throw contextPartInvalid(text, "skip-tls-verify is true or false");
  if (host !== "") parseAddress(host, Object.keys(tls).length > 0);
  else if (Object.keys(tls).length > 0) throw contextPartInvalid(text, "files of TLS need a host");
  return { host, skipTlsVerify: /^(true|1)$/i.test(skip), tls };
}

/** What another context has. Docker's "default" is the engine of this machine, or the one of DOCKER_HOST. */
export function partsOf(store: ContextStore, name: string): EndpointParts {
  if (name === "default") return { host: process.env.DOCKER_HOST ?? "", skipTlsVerify: false, tls: {} };
  const { host, skipTlsVerify } = store.read(name);
  return { host, skipTlsVerify, tls: store.tls(name) };
}

function readPem(path: string): Uint8Array {
  const whole = path.startsWith("~/") ? `${process.env.HOME ?? ""}${path.slice(1)}` : path;
  try {
    return readFileSync(whole);
  } catch (error) {
    throw endpointFileUnreadable(whole, (error as Error).message);
  }
}

/** A context with other parts. */
export function withParts(context: Context, parts: EndpointParts | undefined, description: string): Context {
  return {
    ...context,
    description,
    host: parts?.host ?? context.host,
    skipTlsVerify: parts?.skipTlsVerify ?? context.skipTlsVerify,
  };
}
