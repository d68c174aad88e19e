import { diskSize, type Engine, type StoredImage } from "#engine";
import type { ApiVersion } from "../api-version.ts";

export interface SummaryParts {
  readonly containers: number;
  /** -1: it was not asked for. */
  readonly shared: number;
  readonly withManifests: boolean;
}

/** An image in a list: ImageSummary of the description. */
export function imageSummary(
  engine: Engine,
  image: StoredImage,
  version: ApiVersion,
  parts: SummaryParts,
): object {
  const size = diskSize(engine.store, image);
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: namesOr(image.names, "<none>:<none>", version),
    RepoDigests: namesOr(image.repoDigests, "<none>@<none>", version),
    Created: secondsOf(image.created),
    Size: size,
    ...(version < 44 ? { VirtualSize: size } : {}),
    SharedSize: parts.shared,
    Labels: image.config.config?.Labels ?? null,
    Containers: parts.containers,
    ...(version >= 48 ? { Descriptor: image.target } : {}),
    ...(version >= 47 && parts.withManifests ? { Manifests: [manifestSummary(engine, image)] } : {}),
  };
}

/** Before 1.43 an image without a name had one all the same. */
export function namesOr(names: readonly string[], none: string, version: ApiVersion): readonly string[] {
  return names.length === 0 && version < 43 ? [none] : names;
}

export function secondsOf(time: string | undefined): number {
  const milliseconds = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** The one manifest that the store has of an image. */
export function manifestSummary(engine: Engine, image: StoredImage): object {
  const unpacked = diskSize(engine.store, image);
  return {
    ID: image.manifestDigest,
    Descriptor: {
      mediaType: image.manifest.mediaType ?? image.target.mediaType,
      digest: image.manifestDigest,
      size: image.manifestSize,
      platform: image.platform,
    },
    Available: true,
    Size: { Total: image.size + unpacked, Content: image.size },
    Kind: "image",
    ImageData: { Platform: image.platform, Containers: [], Size: { Unpacked: unpacked } },
  };
}
