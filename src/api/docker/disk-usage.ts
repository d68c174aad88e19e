import {
  callApart,
  describeVolume,
  type DiskReport,
  diskTypes,
  type Engine,
  imageUsers,
  listContainers,
  listImages,
  listVolumes,
} from "#engine";
import type { ApiVersion } from "../api-version.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { summarize } from "./container-summary.ts";
import { imageSummary } from "./image-summary.ts";
import { badParameter } from "./phrases.ts";

const known: readonly string[] = diskTypes;

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
      BuildCache: has("build-cache") ? buildCache(report, version) : null,
      ...(version < 42 ? { BuilderSize: builderSize(report) } : {}),
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

function buildCache(report: DiskReport, version: ApiVersion): readonly object[] {
  return report.buildCache.map(({ id, type, description, size, shared, usedAt, madeAt }) => ({
    ID: id,
    ...(version < 42 ? { Parent: "" } : { Parents: [] }),
    Type: type,
    Description: description,
    InUse: false,
    Shared: shared,
    Size: size,
    ...(madeAt > 0 ? { CreatedAt: new Date(madeAt).toISOString() } : {}),
    LastUsedAt: new Date(usedAt).toISOString(),
  }));
}

/** What forgetting all of it would free: two steps that made the same layer count twice, as they do in the list. */
function builderSize(report: DiskReport): number {
  return report.buildCache.reduce((sum, { size, shared }) => sum + (shared ? 0 : size), 0);
}

export const diskUsageRoutes: readonly Route[] = [{ method: "GET", path: "/system/df", handle: diskUsage }];
