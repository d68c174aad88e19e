import { appendFileSync, renameSync, statSync } from "node:fs";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "./engine-handle.ts";

// One line per event in ROOT/events.jsonl. A line is appended by one write(2), so that many processes may write at once.

export interface Event {
  /** Nanoseconds since 1970 would not fit a number: milliseconds. */
  readonly time: number;
  readonly type: "container" | "image";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const maxBytes = 8 * 1024 * 1024;

export function eventsFile(engine: Engine): string {
  return `${engine.place.root}/events.jsonl`;
}

export function recordEvent(
  engine: Engine,
  spec: ContainerSpec,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  append(engine, {
    time: Date.now(),
    type: "container",
    action,
    id: spec.id,
    attributes: { image: spec.imageName, name: spec.name, ...spec.labels, ...attributes },
  });
}

function append(engine: Engine, event: Event): void {
  const file = eventsFile(engine);
  appendFileSync(file, `${JSON.stringify(event)}\n`, { mode: 0o600 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) renameSync(file, `${file}.1`);
}
