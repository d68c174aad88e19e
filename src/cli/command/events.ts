import { describeEvent, type Event, eventFilters, eventFits, openEngine, readEvents } from "#engine";
import { showControls } from "#kit";
import { parseMoment } from "#spec";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { listFlag, textFlag } from "../flag.ts";
import { printDocument } from "../format.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "events",
  usage: "[OPTIONS]",
  summary: "Show what happens to containers, images, networks and volumes, as it happens",
  flags: [
    listFlag(
      "filter",
      "filter",
      "Show only events that fit: container=, event=, image=, label=, network=, type=, volume=",
      "f",
    ),
    textFlag("format", "template", "json, or a Go template for each event"),
    textFlag("since", "time", "Begin with the events since then"),
    textFlag("until", "time", "End with the events of then"),
  ],
  args: [0, 0],
  async run(flags) {
    const filters = parseFilters(flags.list("filter"), eventFilters);
    const now = Date.now();
    const moment = (flag: string): number | undefined => {
      const text = flags.text(flag);
      return text === undefined ? undefined : parseMoment(flag, text, now);
    };
    const events = readEvents(openEngine(), { since: moment("since"), until: moment("until") });
    for await (const event of events)
      if (eventFits(filters, event))
        out(printDocument(describeEvent(event), flags.text("format"), () => plainEvent(event)));
    return 0;
  },
};

function plainEvent({ time, type, action, id, attributes }: Event): string {
  const list = Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  return `${new Date(time).toISOString()} ${type} ${action} ${id} (${showControls(list.join(", "))})\n`;
}
