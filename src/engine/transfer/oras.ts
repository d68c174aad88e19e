import { basename } from "node:path";
import { addLayerBlob, blobPath, readPath, writeBlob } from "#image";
import { findCredential, openRemoteArtifact, pushImage, type RemoteArtifact } from "#registry";
import { openSif } from "#sif";
import {
  type Descriptor,
  type Digest,
  type ImageReference,
  isVialError,
  mediaType,
  type Platform,
  printFamiliar,
} from "#spec";
import type { Engine } from "../engine-handle.ts";
import { newTransport } from "../images.ts";
import { artifactNotSif } from "./error.ts";
import type { TransferSettings } from "./settings.ts";

// A SIF file in a registry, as Singularity and Apptainer keep it there (apptainer, internal/pkg/client/oras): a manifest
// with a config of two bytes that says nothing, and the file as its one layer.

const configType = "application/vnd.sylabs.sif.config.v1+json";
const layerType = "application/vnd.sylabs.sif.layer.v1.sif";
/** Of the first programs that did so, misspelt as they had it. */
const oldLayerType = "appliciation/vnd.sylabs.sif.layer.tar";
const titleAnnotation = "org.opencontainers.image.title";

export interface OrasSif {
  /** Of the file. */
  readonly layer: Descriptor;
  readonly artifact: RemoteArtifact;
}

/**
 * Looks at a SIF file in a registry. Call it, and what follows, under holdContent(). As Apptainer does, the config is not
 * looked at, for older versions wrote others. Throws artifact-not-sif, and the errors of a pull.
 */
export async function openOras(
  engine: Engine,
  reference: ImageReference,
  settings: TransferSettings,
  platform: Platform | undefined,
): Promise<OrasSif> {
  const { insecure, signal, report } = settings;
  const artifact = await openRemoteArtifact({
    store: engine.store,
    reference,
    transport: newTransport(signal, insecure === true ? reference.domain : undefined),
    credential: findCredential,
    signal,
    report,
    ...(platform === undefined ? {} : { platform }),
  });
  const { layers } = artifact.manifest;
  const [layer] = layers;
  const refuse = (why: string) => artifactNotSif(printFamiliar(reference), why);
  if (layer === undefined || layers.length > 1)
    throw refuse(`it has ${layers.length} layers, and a SIF file is one`);
  if (layer.mediaType !== layerType && layer.mediaType !== oldLayerType)
    throw refuse(`its layer has the media type ${JSON.stringify(layer.mediaType)}`);
  return { layer, artifact };
}

/** Fetches the file into the store, verified, and gives its path there. Throws artifact-not-sif, and the errors of a pull. */
export async function fetchOras(
  engine: Engine,
  { layer, artifact }: OrasSif,
  reference: ImageReference,
): Promise<string> {
  await artifact.fetch(layer);
  const path = blobPath(engine.store, layer.digest);
  try {
    openSif(path)[Symbol.dispose]();
  } catch (error) {
    if (!isVialError(error)) throw error;
    throw artifactNotSif(printFamiliar(reference), error.why ?? error.message);
  }
  return path;
}

/** Pushes a SIF file. Call it under holdContent(). Throws the errors of reading a SIF file, and of a push. */
export async function pushOras(
  engine: Engine,
  path: string,
  reference: ImageReference,
  settings: TransferSettings,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  // It is one, and whole.
  openSif(path)[Symbol.dispose]();
  const { store } = engine;
  const { descriptor } = await addLayerBlob(store, readPath(path), { compression: "none" });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaType.ociManifest,
      config: { mediaType: configType, digest: writeBlob(store, "{}"), size: 2 },
      layers: [
        {
          mediaType: layerType,
          digest: descriptor.digest,
          size: descriptor.size,
          annotations: { [titleAnnotation]: basename(path) },
        },
      ],
    }),
  );
  const target = {
    mediaType: mediaType.ociManifest,
    digest: writeBlob(store, manifest),
    size: manifest.length,
  };
  const { insecure, signal, report } = settings;
  await pushImage({
    ...{ store, target, reference, signal, report },
    transport: newTransport(signal, insecure === true ? reference.domain : undefined),
    credential: findCredential,
  });
  return { digest: target.digest, size: target.size };
}
