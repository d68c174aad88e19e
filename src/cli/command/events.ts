import { type Event, openEngine, readEvents } from "#engine";
import { showControls } from "#kit";
import { hasLabel, parseMoment } from "#spec";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { listFlag, textFlag } from "../flag.ts";
import { printDocument } from "../format.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "events",
  usage: "[OPTIONS]",
  summary: "Show what happens to containers, as it happens",
  flags: [
    listFlag("filter", "filter", "Show only events that fit: container=, event=, image=, label=, type=", "f"),
    textFlag("format", "template", "json, or a Go template for each event"),
    textFlag("since", "time", "Begin with the events since then"),
    textFlag("until", "time", "End with the events of then"),
  ],
  args: [0, 0],
  async run(flags) {
    const filters = parseFilters(flags.list("filter"), ["container", "event", "image", "label", "type"]);
    const now = Date.now();
    const moment = (flag: string): number | undefined => {
      const text = flags.text(flag);
      return text === undefined ? undefined : parseMoment(flag, text, now);
    };
    const any = (key: string, fits: (value: string) => boolean): boolean =>
      filters.get(key)?.some(fits) ?? true;
    for await (const event of readEvents(openEngine(), {
      since: moment("since") ?? now,
      until: moment("until"),
    })) {
      const { attributes } = event;
      const fits =
        any(
          "container",
          (value) => event.type === "container" && (event.id.startsWith(value) || attributes.name === value),
        ) &&
        any("event", (value) => event.action === value || event.action.startsWith(`${value}:`)) &&
        any("image", (value) => attributes.image === value) &&
        any("type", (value) => event.type === value) &&
        (filters.get("label")?.every((value) => hasLabel(attributes, value)) ?? true);
      if (fits) out(printDocument(wireEvent(event), flags.text("format"), () => plainEvent(event)));
    }
    return 0;
  },
};

/** In the shape of Docker's `GET /events`. */
function wireEvent({ time, type, action, id, attributes }: Event): Record<string, unknown> {
  return {
    status: action,
    id,
    from: attributes.image,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Math.floor(time / 1000),
    timeNano: time * 1e6,
  };
}

function plainEvent({ time, type, action, id, attributes }: Event): string {
  const list = Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  return `${new Date(time).toISOString()} ${type} ${action} ${id} (${showControls(list.join(", "))})\n`;
}
