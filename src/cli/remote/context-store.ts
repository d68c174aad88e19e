import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { writeAtomic } from "#host";
import { dockerConfigFolder } from "../docker/current-context.ts";
import {
  contextFileInvalid,
  contextInUse,
  contextNameInvalid,
  contextTaken,
  contextUnknown,
} from "./error.ts";

// Docker's own files: contexts/meta/SHA256-OF-NAME/meta.json, contexts/tls/SHA256-OF-NAME/docker/{ca,cert,key}.pem, and
// "currentContext" in config.json. Whoever uses the docker command line too finds the same contexts there.

type Env = Readonly<Record<string, string | undefined>>;

export const tlsFileNames = ["ca.pem", "cert.pem", "key.pem"] as const;
export type TlsFileName = (typeof tlsFileNames)[number];
export type TlsFiles = Readonly<Partial<Record<TlsFileName, Uint8Array>>>;

export interface Context {
  readonly name: string;
  readonly description: string;
  readonly host: string;
  readonly skipTlsVerify: boolean;
  /** What else is in meta.json, kept as it is. */
  readonly document: Readonly<Record<string, unknown>>;
}

const maxFile = 1024 * 1024;

export class ContextStore {
  readonly #folder: string;

  constructor(env: Env = process.env) {
    this.#folder = dockerConfigFolder(env);
  }

  /** Folder of meta.json. */
  metaFolder(name: string): string {
    return `${this.#folder}/contexts/meta/${idOf(name)}`;
  }

  tlsFolder(name: string): string {
    return `${this.#folder}/contexts/tls/${idOf(name)}`;
  }

  /** Sorted by name, without "default". */
  list(): readonly Context[] {
    const folder = `${this.#folder}/contexts/meta`;
    return namesIn(folder)
      .filter((id) => statSync(`${folder}/${id}/meta.json`, { throwIfNoEntry: false }) !== undefined)
      .map((id) => readMeta(`${folder}/${id}/meta.json`))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws context-unknown, context-file-invalid. */
  read(name: string): Context {
    const path = `${this.metaFolder(name)}/meta.json`;
    if (name === "default" || statSync(path, { throwIfNoEntry: false }) === undefined)
      throw contextUnknown(name, this.#names());
    return readMeta(path);
  }

  #names(): readonly string[] {
    try {
      return this.list().map((context) => context.name);
    } catch {
      // Another one's damaged file is no reason not to name the one that is missing.
      return [];
    }
  }

  /** The files of TLS that the context has. */
  tls(name: string): TlsFiles {
    const folder = `${this.tlsFolder(name)}/docker`;
    return Object.fromEntries(
      namesIn(folder)
        .filter((file) => (tlsFileNames as readonly string[]).includes(file))
        .map((file) => [file, readSmall(`${folder}/${file}`)]),
    );
  }

  /** Throws context-taken, context-name-invalid. */
  create(context: Context, tls: TlsFiles): void {
    checkContextName(context.name);
    if (statSync(this.metaFolder(context.name), { throwIfNoEntry: false }) !== undefined)
      throw contextTaken(context.name);
    this.#write(context, tls);
  }

  /** Replaces the description, the address and, where they are given, the files of TLS. */
  update(context: Context, tls: TlsFiles | undefined): void {
    this.#write(context, tls);
  }

  #write({ name, description, host, skipTlsVerify, document }: Context, tls: TlsFiles | undefined): void {
    const metadata = isObject(document.Metadata) ? document.Metadata : {};
    const endpoints = isObject(document.Endpoints) ? document.Endpoints : {};
    const { Description: _, ...others } = metadata;
    const meta = {
      ...document,
      Name: name,
      Metadata: { ...others, ...(description === "" ? {} : { Description: description }) },
      Endpoints: { ...endpoints, docker: { Host: host, SkipTLSVerify: skipTlsVerify } },
    };
    if (tls !== undefined) {
      rmSync(this.tlsFolder(name), { recursive: true, force: true });
      const folder = `${this.tlsFolder(name)}/docker`;
      if (Object.keys(tls).length > 0) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        // A key is the owner's alone.
        for (const [file, bytes] of Object.entries(tls)) writeAtomic(`${folder}/${file}`, bytes, 0o600);
        chmodSync(folder, 0o700);
      }
    }
    mkdirSync(this.metaFolder(name), { recursive: true });
    writeAtomic(`${this.metaFolder(name)}/meta.json`, JSON.stringify(meta), 0o644);
  }

  /** Throws context-unknown, context-in-use. */
  remove(name: string, force: boolean): void {
    if (name === "default") throw contextNameInvalid(name);
    const isUnknown = statSync(this.metaFolder(name), { throwIfNoEntry: false }) === undefined;
    if (isUnknown && !force) throw contextUnknown(name, this.#names());
    if (this.current() === name) {
      if (!force) throw contextInUse(name);
      this.use("default");
    }
    rmSync(this.metaFolder(name), { recursive: true, force: true });
    rmSync(this.tlsFolder(name), { recursive: true, force: true });
  }

  /** The context that `use` chose; "default" where none is. */
  current(): string {
    const { currentContext } = this.#config();
    return typeof currentContext === "string" && currentContext !== "" ? currentContext : "default";
  }

  /** Throws context-unknown. */
  use(name: string): void {
    if (name !== "default") this.read(name);
    const { currentContext: _, ...others } = this.#config();
    const changed = name === "default" ? others : { ...others, currentContext: name };
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeAtomic(`${this.#folder}/config.json`, `${JSON.stringify(changed, null, "\t")}\n`, 0o600);
  }

  #config(): Readonly<Record<string, unknown>> {
    const path = `${this.#folder}/config.json`;
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return {};
    return parseObject(path, readSmall(path));
  }
}

/** Throws context-name-invalid. As Docker's restrictedNamePattern. */
export function checkContextName(name: string): void {
  if (name === "default" || !/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name)) throw contextNameInvalid(name);
}

/** Docker's folder of a context: the digest of its name, so that no name leads out of the folder. */
function idOf(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}

function readMeta(path: string): Context {
  return parseContext(path, readSmall(path));
}

/** The bytes of a meta.json. */
export function parseContext(path: string, bytes: Uint8Array): Context {
  const document = parseObject(path, bytes);
  const endpoints = isObject(document.Endpoints) ? document.Endpoints : {};
  const docker = isObject(endpoints.docker) ? endpoints.docker : {};
  const metadata = isObject(document.Metadata) ? document.Metadata : {};
  if (typeof document.Name !== "string") throw contextFileInvalid(path, "it has no Name");
  return {
    name: document.Name,
    description: typeof metadata.Description === "string" ? metadata.Description : "",
    host: typeof docker.Host === "string" ? docker.Host : "",
    skipTlsVerify: docker.SkipTLSVerify === true,
    document,
  };
}

function parseObject(path: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw contextFileInvalid(path, (error as Error).message);
  }
  if (!isObject(value)) throw contextFileInvalid(path, "it is no JSON object");
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readSmall(path: string): Buffer {
  const size = statSync(path).size;
  if (size > maxFile) throw contextFileInvalid(path, `it has ${size} bytes, and ${maxFile} are the most`);
  return readFileSync(path);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
