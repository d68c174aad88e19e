/** Media types of OCI image-spec v1.1 (media-types.md) and of Docker's registry schema 2. */
export const mediaType = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
} as const;

export function isManifestType(type: string): boolean {
  return type === mediaType.ociManifest || type === mediaType.dockerManifest;
}

export function isIndexType(type: string): boolean {
  return type === mediaType.ociIndex || type === mediaType.dockerManifestList;
}

/** Layers whose bytes the registry need not hold (`urls`). Never fetched by Vial (CVE-2020-15157). */
export function isForeignLayerType(type: string): boolean {
  return type.includes(".foreign.") || type.includes(".nondistributable.");
}

export type Compression = "none" | "gzip" | "zstd";

/** The compression that a layer's media type promises. The bytes themselves decide (`sniffCompression`). */
export function compressionOfType(type: string): Compression {
  if (type.endsWith("+zstd") || type.endsWith(".zstd")) return "zstd";
  if (type.endsWith("+gzip") || type.endsWith(".gzip")) return "gzip";
  return "none";
}

/** The compression that the first bytes show: gzip 1f 8b (RFC 1952), zstd 28 b5 2f fd or a skippable frame (RFC 8878). */
export function sniffCompression(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18)
    return "zstd";
  return "none";
}
