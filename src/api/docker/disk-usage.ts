import {
  callApart,
  describeVolume,
  type DiskReport,
  diskTypes,
  type Engine,
  imageUsers,
  listBuildCache,
  listContainers,
  listImages,
  listVolumes,
} from "#engine";
import type { ApiVersion } from "../api-version.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { summarize } from "./container-summary.ts";
import { imageSummary } from "./image-summary.ts";
import { badParameter } from "./phrases.ts";

const known = [...diskTypes, "build-cache"];

/** `GET /system/df`: everything, or what `type` names. */
async function diskUsage({ engine, version, query }: Exchange): Promise<Answer> {
  const wanted = version < 42 ? [] : query.list("type");
  for (const type of wanted) if (!known.includes(type)) throw badParameter(`unknown object type: ${type}`);
  const types = wanted.length === 0 ? known : wanted;
  const report = await callApart(engine, "disk", ...types);
  const has = (type: string) => types.includes(type);
  return {
    status: 200,
    json: {
      LayersSize: report.imageBytes,
      Images: has("image") ? images(engine, version, report) : null,
      Containers: has("container") ? containers(engine, report, version) : null,
      Volumes: has("volume") ? volumes(engine, report) : null,
      BuildCache: has("build-cache") ? buildCache(engine, version) : null,
      ...(version < 42 ? { BuilderSize: builderSize(engine) } : {}),
    },
  };
}

/** What came or went while it was measured is left out. */
function images(engine: Engine, version: ApiVersion, report: DiskReport): readonly object[] {
  const usersOf = imageUsers(engine);
  return listImages(engine.store).images.flatMap((image) => {
    const measured = report.images[image.id];
    if (measured === undefined) return [];
    const summary = imageSummary(engine, image, version, {
      containers: usersOf(image).length,
      shared: measured.shared,
      withManifests: false,
    });
    return [{ ...summary, Size: measured.size, ...(version < 44 ? { VirtualSize: measured.size } : {}) }];
  });
}

function containers(engine: Engine, report: DiskReport, version: ApiVersion): readonly object[] {
  return listContainers(engine).flatMap((entry) => {
    const measured = report.containers[entry.spec.id];
    if (measured === undefined) return [];
    const { written, image } = measured;
    return [{ ...summarize(engine, entry, version), SizeRw: written, SizeRootFs: written + image }];
  });
}

function volumes(engine: Engine, report: DiskReport): readonly object[] {
  return listVolumes(engine).flatMap((volume) => {
    const measured = report.volumes[volume.name];
    return measured === undefined ? [] : [describeVolume(engine, volume, measured)];
  });
}

/** A layer that an image or an earlier step has too goes nowhere when the step is forgotten. */
function buildCache(engine: Engine, version: ApiVersion): readonly object[] {
  const held = new Set<string>(
    listImages(engine.store).images.flatMap(({ manifest }) => manifest.layers.map(({ digest }) => digest)),
  );
  return listBuildCache(engine).map(({ key, result, size, usedAt, madeAt }) => {
    const digest = result.layer?.descriptor.digest;
    const Shared = digest !== undefined && held.has(digest);
    if (digest !== undefined) held.add(digest);
    return {
      ID: key,
      ...(version < 42 ? { Parent: "" } : { Parents: [] }),
      Type: "regular",
      Description: result.title,
      InUse: false,
      Shared,
      Size: size,
      ...(madeAt > 0 ? { CreatedAt: new Date(madeAt).toISOString() } : {}),
      LastUsedAt: new Date(usedAt).toISOString(),
    };
  });
}

function builderSize(engine: Engine): number {
  const sizes = new Map(
    listBuildCache(engine).map(({ key, result, size }) => [result.layer?.descriptor.digest ?? key, size]),
  );
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

export const diskUsageRoutes: readonly Route[] = [{ method: "GET", path: "/system/df", handle: diskUsage }];
