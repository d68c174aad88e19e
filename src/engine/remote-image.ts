import { type CredentialFinder, originEndpoint, RegistryClient } from "#registry";
import {
  type Descriptor,
  Digester,
  digestAlgorithm,
  familiarName,
  type ImageReference,
  isIndexType,
  parseImageConfig,
  parseIndex,
  parseManifest,
  type Platform,
  printFamiliar,
} from "#spec";
import { newTransport } from "./images.ts";

export interface RemoteSight {
  /** What the name stands for: a manifest or an index. */
  readonly descriptor: Descriptor;
  readonly platforms: readonly Platform[];
}

const maxConfigBytes = 4 * 1024 * 1024;

/** What a registry has under a name, without pulling it. */
export async function lookAtRemoteImage(
  reference: ImageReference,
  credential: CredentialFinder,
  signal: AbortSignal,
): Promise<RemoteSight> {
  const endpoint = originEndpoint(reference.domain);
  const client = new RegistryClient({
    transport: newTransport(signal),
    endpoint,
    path: reference.path,
    name: familiarName(reference),
    doing: `look at "${printFamiliar(reference)}"`,
    credential: await credential(endpoint.host, reference.path),
    actions: "pull",
    signal,
  });
  const { mediaType, digest, bytes } = await client.getManifest(
    reference.digest ?? reference.tag ?? "latest",
  );
  const descriptor: Descriptor = { mediaType, digest, size: bytes.length };
  if (isIndexType(mediaType)) {
    const platforms = parseIndex(bytes).manifests.flatMap((entry) => entry.platform ?? []);
    return { descriptor, platforms };
  }
  return { descriptor, platforms: await platformOf(client, parseManifest(bytes).config) };
}

/** An artifact has a config that is none of an image, and so no platform. */
async function platformOf(client: RegistryClient, config: Descriptor): Promise<readonly Platform[]> {
  if (!/image\.(?:config\.)?v1\+json$/.test(config.mediaType) || config.size > maxConfigBytes) return [];
  const blob = await client.getBlob(config.digest);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let part = await blob.read(); part !== undefined && length <= config.size; part = await blob.read()) {
    parts.push(part);
    length += part.length;
  }
  blob.discard();
  const bytes = Buffer.concat(parts);
  const digester = new Digester(digestAlgorithm(config.digest));
  digester.update(bytes);
  if (digester.digest() !== config.digest) return [];
  const { os, architecture, variant } = parseImageConfig(bytes);
  return [{ os, architecture, ...(variant == null || variant === "" ? {} : { variant }) }];
}
