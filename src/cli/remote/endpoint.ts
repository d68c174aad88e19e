import { readFileSync, realpathSync } from "node:fs";
import { dockerConfigFolder } from "../docker/current-context.ts";
import { ContextStore, type TlsFiles } from "./context-store.ts";
import { endpointFileUnreadable, endpointInvalid, endpointTwice } from "./error.ts";

// Which engine a command line means: the one in this process, or one that is spoken to.

type Env = Readonly<Record<string, string | undefined>>;

export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | {
      readonly kind: "ssh";
      readonly user: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
    };

export interface RemoteEndpoint {
  /** The context's name; "default" for an address alone. */
  readonly context: string;
  /** As it was given: "tcp://build:2376". */
  readonly host: string;
  readonly address: Address;
  readonly tls: { readonly files: TlsFiles; readonly verify: boolean } | undefined;
}

/** What the options before the command say. */
export interface EndpointWish {
  readonly hosts: readonly string[];
  readonly context: string | undefined;
  readonly tls: boolean;
  readonly tlsVerify: boolean;
  readonly tlsFiles: Readonly<Partial<Record<"ca.pem" | "cert.pem" | "key.pem", string>>>;
}

/**
 * The engine by Docker's order: --context, --host, DOCKER_HOST, DOCKER_CONTEXT, what `context use` chose. Undefined: the
 * one in this process, also where its own socket is named (`ownSocket`). `current`: whether the last of them counts.
 */
export function chooseEndpoint(
  wish: EndpointWish,
  options: {
    readonly env: Env;
    readonly ownSocket: () => string;
    readonly current: "counts" | "does not count";
  },
): RemoteEndpoint | undefined {
  const { env, ownSocket } = options;
  const [flagHost, second] = wish.hosts;
  if (second !== undefined) throw endpointInvalid(second, "one address is the most");
  if (flagHost !== undefined && wish.context !== undefined) throw endpointTwice();
  const name = wish.context ?? ((flagHost ?? env.DOCKER_HOST) ? undefined : env.DOCKER_CONTEXT || undefined);
  const host = name === undefined ? (flagHost ?? (env.DOCKER_HOST || undefined)) : undefined;
  if (host !== undefined) return unlessOwn(byHost(host, wish, env), ownSocket);
  const store = new ContextStore(env);
  const chosen = name ?? (options.current === "counts" ? store.current() : "default");
  return chosen === "default" ? undefined : unlessOwn(byContext(store, chosen), ownSocket);
}

function byContext(store: ContextStore, name: string): RemoteEndpoint {
  const { host, skipTlsVerify } = store.read(name);
  const files = store.tls(name);
  const isTls = Object.keys(files).length > 0 || skipTlsVerify;
  return {
    context: name,
    host,
    address: parseAddress(host, isTls),
    tls: isTls ? { files, verify: !skipTlsVerify } : undefined,
  };
}

function byHost(host: string, wish: EndpointWish, env: Env): RemoteEndpoint {
  const verify = wish.tlsVerify || (env.DOCKER_TLS_VERIFY ?? "") !== "";
  const isTls = verify || wish.tls || (env.DOCKER_TLS ?? "") !== "";
  const address = parseAddress(host, isTls);
  const tls = isTls && address.kind === "tcp" ? { files: readTlsFiles(wish, env), verify } : undefined;
  return { context: "default", host, address, tls };
}

/** What was named has to be there; what lies in the usual folder is taken if it is there. */
function readTlsFiles(wish: EndpointWish, env: Env): TlsFiles {
  const folder = env.DOCKER_CERT_PATH || dockerConfigFolder(env);
  return Object.fromEntries(
    (["ca.pem", "cert.pem", "key.pem"] as const).flatMap((file) => {
      const named = wish.tlsFiles[file];
      const path = named ?? `${folder}/${file}`;
      try {
        return [[file, readFileSync(path)]];
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (named === undefined && code === "ENOENT") return [];
        throw endpointFileUnreadable(path, message);
      }
    }),
  );
}

/** The server of this very engine is not asked for what this process can do itself. */
function unlessOwn(endpoint: RemoteEndpoint, ownSocket: () => string): RemoteEndpoint | undefined {
  const { address } = endpoint;
  return address.kind === "unix" && realPath(address.path) === realPath(ownSocket()) ? undefined : endpoint;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Throws endpoint-invalid. */
export function parseAddress(text: string, isTls: boolean): Address {
  const match = /^([a-z]+):\/\/(.*)$/.exec(text);
  const [, scheme, rest = ""] = match ?? [undefined, "tcp", text];
  switch (scheme) {
    case "unix":
      if (!rest.startsWith("/")) throw endpointInvalid(text, "the path of a socket is absolute");
      return { kind: "unix", path: rest };
    case "tcp":
    case "http":
    case "https": {
      const found = /^(\[[0-9a-fA-F:.]+\]|[^:/[\]]+)?(?::(\d{1,5}))?\/?$/.exec(rest);
      const port = Number(found?.[2] ?? (isTls ? 2376 : 2375));
      if (found === null || port > 65535) throw endpointInvalid(text, "it is not tcp://HOST:PORT");
      return { kind: "tcp", host: (found[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port };
    }
    case "ssh": {
      // A user or host that begins with "-" would be an option of ssh (CVE-2017-1000117 and its like).
      const found = /^(?:([\w.][\w.@-]*)@)?(\[[0-9a-fA-F:.]+\]|[\w.][\w.-]*)(?::(\d{1,5}))?(\/.*)?$/.exec(
        rest,
      );
      if (found === null) throw endpointInvalid(text, "it is not ssh://USER@HOST[:PORT]");
      const [, user = "", host = "", port = "", path = ""] = found;
      return { kind: "ssh", user, host: host.replace(/^\[|\]$/g, ""), port, path: path === "/" ? "" : path };
    }
    default:
      throw endpointInvalid(text, `"${scheme}" is no way to an engine here`);
  }
}
