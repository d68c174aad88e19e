import type { BuiltStage } from "./session.ts";
import { stepKey } from "./step-key.ts";
import type { BaseImage } from "./worker.ts";

/** What a stage stands on when it begins with an image. */
export function baseOf(
  image: BaseImage,
  epoch: number | undefined,
): Omit<BuiltStage, "platform" | "lastStep"> {
  const { manifest, config } = image;
  const diffIds = config.rootfs.diff_ids ?? [];
  const layers = manifest.layers.map((descriptor, index) => ({ descriptor, diffId: diffIds[index]! }));
  const created = Math.floor(Date.parse(config.created ?? "") / 1000);
  const own = Number.isFinite(created) && created > 0 ? created : 0;
  return {
    root: {
      key: stepKey("image", { layers: diffIds }),
      layers,
      // New files are never newer than what they stand on, so that no clock is in them.
      latest: epoch === undefined ? own : Math.min(epoch, own),
    },
    base: { manifest, config, digest: image.manifestDigest },
    layers: [],
    defaults: config.config ?? {},
    history: [],
  };
}
