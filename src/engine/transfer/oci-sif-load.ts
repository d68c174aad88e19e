import { addLayerBlob, type LayerBlob, whiteoutsOf, writeBlob, writeManifest } from "#image";
import type { SifFile } from "#sif";
import { type Descriptor, type ImageConfig, type Manifest, mediaType } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { ociSifOdd } from "./error.ts";
import { readOciSif, squashfsLayerType, verifyObject } from "./oci-sif.ts";
import { tarOfObject } from "../sif-tar.ts";

/** Takes the image into the store: squashfs layers become tars with whiteouts. Call it under holdContent(). */
export async function loadOciSif(engine: Engine, file: SifFile): Promise<Descriptor> {
  const { config, layers } = readOciSif(file);
  const made: LayerBlob[] = [];
  for (const { descriptor, object } of layers) {
    verifyObject(file, object, descriptor);
    const tar =
      descriptor.mediaType === squashfsLayerType
        ? whiteoutsOf(tarOfObject(engine, file, object))
        : file.read(object);
    const isPacked = !descriptor.mediaType.endsWith(".tar") && descriptor.mediaType !== squashfsLayerType;
    if (isPacked) throw ociSifOdd(file.path, `its layer has the type "${descriptor.mediaType}"`);
    made.push(await addLayerBlob(engine.store, tar, { compression: "none" }));
  }
  const { rootfs: _, history: __, ...kept } = config;
  const whole = {
    ...kept,
    rootfs: { type: "layers", diff_ids: made.map(({ diffId }) => diffId) },
  } as ImageConfig;
  const bytes = Buffer.from(JSON.stringify(whole));
  const digest = writeBlob(engine.store, bytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest, size: bytes.length },
    layers: made.map(({ descriptor }) => descriptor),
  };
  return writeManifest(engine.store, manifest, whole);
}
