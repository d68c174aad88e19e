import { type ImageChange, type LayerBlob, writeImage, type WrittenImage } from "#image";
import { printTime } from "#spec";
import type { BuiltStage, Session } from "./session.ts";

/** Writes the config and the manifest of a stage into the store: the same stage gives the same bytes. */
export function writeStage(session: Session, stage: BuiltStage): WrittenImage {
  const { options, worker } = session;
  // Never the wall clock: what was asked for, or the time of what the image stands on.
  const seconds = options.epoch ?? stage.root.latest;
  const created = printTime(seconds);
  const labels = Object.keys(options.labels).length === 0 ? {} : options.labels;
  const change: ImageChange = {
    ...(stage.base === undefined ? { platform: stage.platform } : { base: stage.base }),
    layers: stage.layers as readonly LayerBlob[],
    change: () => ({
      ...stage.defaults,
      ...(Object.keys(labels).length === 0 ? {} : { Labels: { ...stage.defaults.Labels, ...labels } }),
    }),
    history: stage.history.map((entry) => ({ created, ...entry })),
    created,
  };
  return writeImage(worker.store, change);
}
