import { createVolume, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { readPairs } from "../container-wish.ts";
import { listFlag, textFlag } from "../flag.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "volume create",
  usage: "[OPTIONS] [VOLUME]",
  summary: "Make a volume",
  flags: [
    textFlag("driver", "driver", "The driver: local, the only one", "d"),
    listFlag("label", "name=value", "Set a label"),
    listFlag("opt", "name=value", "Storage elsewhere: type=, device=, o=, as mount(8) takes them", "o"),
  ],
  examples: [
    "vial volume create data",
    "vial volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=100m scratch",
    "vial volume create --opt type=none --opt o=bind --opt device=/srv/data data",
  ],
  args: [0, 1],
  run(flags, [name]) {
    const volume = createVolume(openEngine(), {
      name,
      driver: flags.text("driver"),
      labels: readPairs("--label", flags.list("label")),
      options: readPairs("--opt", flags.list("opt")),
    });
    outLine(volume.name);
    return 0;
  },
};
