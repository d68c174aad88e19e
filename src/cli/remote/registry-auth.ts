import { credentialKey, findCredential } from "#registry";
import { parseReference } from "#spec";

/** The header by which our credentials for a registry go along with a pull or push there. */
export async function registryAuth(name: string): Promise<Readonly<Record<string, string>>> {
  const { domain: host, path } = parseReference(name);
  const credential = await findCredential(host, path);
  const config =
    credential === undefined
      ? {}
      : credential.kind === "basic"
        ? { username: credential.username, password: credential.password, serveraddress: credentialKey(host) }
        : credential.kind === "identity"
          ? { identitytoken: credential.token, serveraddress: credentialKey(host) }
          : { registrytoken: credential.token };
  return { "X-Registry-Auth": Buffer.from(JSON.stringify(config)).toString("base64url") };
}
