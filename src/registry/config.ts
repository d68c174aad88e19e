import { readFileSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { settingsFileUnreadable, settingsInvalid } from "./error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the administrator and the user say about one registry host. */
export interface RegistrySettings {
  /** Asked in order before the registry itself, for pulls: "mirror.example:5000", "https://mirror.example/path". */
  readonly mirrors: readonly string[];
  /** True: plain HTTP is allowed, and certificates are not verified. */
  readonly insecure: boolean;
  /** PEM files of the authorities that may sign the host's certificate; none stands for the public ones. */
  readonly ca: readonly string[];
  /** PEM files of a client certificate and its key. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

/** Settings of every host that a file names, and the folders of Docker's certificates. */
export interface RegistriesConfig {
  readonly hosts: ReadonlyMap<string, Partial<RegistrySettings>>;
  readonly certificateFolders: readonly string[];
}

const hostSchema = v.strictObject({
  mirrors: v.optional(
    v.array(
      v.pipe(v.string(), v.check(isMirror, "is no HOST[:PORT][/PATH], with or without http:// or https://")),
    ),
  ),
  insecure: v.optional(v.boolean()),
  ca: v.optional(v.string()),
  client_certificate: v.optional(v.string()),
  client_key: v.optional(v.string()),
});
const fileSchema = v.strictObject({ registry: v.optional(v.record(v.string(), hostSchema), {}) });

function isMirror(text: string): boolean {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username === "" &&
    url.search === "" &&
    url.hash === ""
  );
}

/**
 * Reads /etc/vial/registries.toml and the user's own file, which wins field by field:
 *
 *     [registry."docker.io"]
 *     mirrors = ["mirror.example:5000"]
 *     [registry."10.0.0.7:5000"]
 *     insecure = true
 *     [registry."hub.example"]
 *     ca = "hub-ca.pem"          # relative to the folder of this file
 *
 * Throws registries-file-invalid.
 */
export function readRegistriesConfig(
  env: Environment = process.env,
  systemFolder = "/etc/vial",
): RegistriesConfig {
  const home = env.XDG_CONFIG_HOME?.startsWith("/")
    ? env.XDG_CONFIG_HOME
    : env.HOME === undefined
      ? undefined
      : `${env.HOME}/.config`;
  const hosts = new Map<string, Partial<RegistrySettings>>();
  for (const folder of [systemFolder, ...(home === undefined ? [] : [`${home}/vial`])]) {
    for (const [host, settings] of readSettingsFile(`${folder}/registries.toml`)) {
      hosts.set(host, { ...hosts.get(host), ...settings });
    }
  }
  const folders = ["/etc/docker/certs.d", ...(home === undefined ? [] : [`${home}/docker/certs.d`])];
  return { hosts, certificateFolders: folders };
}

function readSettingsFile(path: string): readonly [string, Partial<RegistrySettings>][] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw settingsFileUnreadable(path, error);
  }
  let parsed: unknown;
  try {
    parsed = Bun.TOML.parse(text);
  } catch (error) {
    throw settingsInvalid(path, `it is no TOML: ${(error as Error).message.split("\n")[0]}`);
  }
  const result = v.safeParse(fileSchema, parsed);
  if (!result.success) {
    const issue = result.issues[0];
    throw settingsInvalid(path, `${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
  }
  const absolute = (file: string) => resolve(dirname(path), file);
  return Object.entries(result.output.registry).map(([host, fields]) => {
    const { client_certificate: certificate, client_key: key } = fields;
    if ((certificate === undefined) !== (key === undefined))
      throw settingsInvalid(path, `registry.${host}: client_certificate and client_key belong together`);
    return [
      host,
      {
        ...(fields.mirrors === undefined ? {} : { mirrors: fields.mirrors }),
        ...(fields.insecure === undefined ? {} : { insecure: fields.insecure }),
        ...(fields.ca === undefined ? {} : { ca: [absolute(fields.ca)] }),
        ...(certificate === undefined || key === undefined
          ? {}
          : { client: { certificate: absolute(certificate), key: absolute(key) } }),
      },
    ];
  });
}

/** The settings of one host: what the files say, then Docker's certs.d/HOST/{*.crt,*.cert,*.key}. */
export function settingsFor(config: RegistriesConfig, host: string): RegistrySettings {
  const said = config.hosts.get(host) ?? {};
  const docker = said.ca === undefined ? dockerCertificates(config.certificateFolders, host) : undefined;
  const client = said.client ?? docker?.client;
  return {
    mirrors: said.mirrors ?? [],
    insecure: said.insecure ?? false,
    ca: said.ca ?? docker?.ca ?? [],
    ...(client === undefined ? {} : { client }),
  };
}

/** Docker's rule: every *.crt is an authority; NAME.cert is a client certificate whose key is NAME.key. */
function dockerCertificates(
  folders: readonly string[],
  host: string,
): Pick<RegistrySettings, "ca" | "client"> | undefined {
  for (const folder of folders) {
    let names: string[];
    try {
      names = readdirSync(`${folder}/${host}`).toSorted();
    } catch {
      continue;
    }
    const path = (name: string) => `${folder}/${host}/${name}`;
    const ca = names.filter((name) => name.endsWith(".crt")).map(path);
    const certificate = names.find(
      (name) => name.endsWith(".cert") && names.includes(name.replace(/cert$/, "key")),
    );
    if (ca.length === 0 && certificate === undefined) continue;
    return {
      ca,
      ...(certificate === undefined
        ? {}
        : { client: { certificate: path(certificate), key: path(certificate.replace(/cert$/, "key")) } }),
    };
  }
  return undefined;
}
