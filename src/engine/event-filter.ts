import { type Filters, hasLabel } from "#spec";
import type { Event } from "./events.ts";

/** Docker's filters of events, but for those of swarm and plugins, of which there are none. */
export const eventFilters = [
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "scope",
  "type",
  "volume",
] as const;

/** Of each filter any value will do, of labels all. */
export function eventFits(filters: Filters, event: Event): boolean {
  const { type, action, id, attributes } = event;
  const any = (key: (typeof eventFilters)[number], fits: (value: string) => boolean): boolean =>
    filters.get(key)?.some(fits) ?? true;
  /** The thing itself, or one that the event names by its attribute: the network that a container joins. */
  const about = (kind: Event["type"]) => (value: string) =>
    type === kind
      ? (value !== "" && id.startsWith(value)) || attributes.name === value
      : value !== "" && attributes[kind]?.startsWith(value) === true && type !== "image" && kind !== "image";
  return (
    any("container", about("container")) &&
    any("network", about("network")) &&
    any("volume", about("volume")) &&
    any("image", (value) => isImage(event, value)) &&
    any("event", (value) => action === value || action.startsWith(`${value}:`)) &&
    any("type", (value) => type === value) &&
    any("scope", (value) => value === "local") &&
    // Events of the daemon itself there are none.
    any("daemon", () => false) &&
    (filters.get("label")?.every((wanted) => hasLabel(attributes, wanted)) ?? true)
  );
}

/** Of an image, or of a container that was made of it, by its name with or without the tag. */
function isImage({ type, id, attributes }: Event, value: string): boolean {
  const name = type === "image" ? attributes.name : attributes.image;
  const fits = (text: string | undefined) =>
    text !== undefined && (text === value || text.slice(0, Math.max(0, text.lastIndexOf(":"))) === value);
  return fits(name) || (type === "image" && fits(id));
}

/** In the shape of Docker's `GET /events`. Its older fields are those of containers and images. */
export function describeEvent({ time, type, action, id, attributes }: Event): Record<string, unknown> {
  const older =
    type === "container"
      ? { status: action, id, from: attributes.image ?? "" }
      : type === "image"
        ? { status: action, id }
        : {};
  return {
    ...older,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Math.floor(time / 1000),
    timeNano: time * 1e6,
  };
}
