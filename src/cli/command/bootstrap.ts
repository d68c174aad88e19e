import { bootstrapImage, defaultNames, hostSuite, openEngine, type BootstrapStep } from "#engine";
import { parseReference, printFamiliar } from "#spec";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { outLine } from "../print.ts";
import { openProgress } from "../progress.ts";

const variants = ["minbase", "apt", "essential"] as const;

export const command: Command = {
  name: "bootstrap",
  usage: "[OPTIONS] debian|ubuntu [SUITE]",
  summary: "Make a base image from this machine's own package sources",
  flags: [
    { name: "include", kind: "list", value: "package,...", help: "More packages to install" },
    { name: "quiet", short: "q", kind: "bool", help: "Print the image's ID alone" },
    {
      name: "tag",
      short: "t",
      kind: "list",
      value: "name",
      help: "Name of the image (default debian:SUITE and debian:latest)",
    },
    {
      name: "variant",
      kind: "string",
      value: variants.join("|"),
      help: "How much: minbase has apt and the packages of priority required,\napt those apt needs, essential not even apt (default minbase)",
    },
  ],
  args: [1, 2],
  async run(flags, [distribution = "", suite]) {
    const given = flags.text("variant") ?? "minbase";
    const variant = variants.find((name) => name === given);
    if (variant === undefined)
      throw flagValueInvalid("--variant", given, variants.map((name) => `"${name}"`).join(" or "));
    const tags = flags.list("tag");
    // Read before the work begins, so that a wrong name costs nothing.
    const references = (tags.length > 0 ? tags : defaultNames(distribution, suite ?? hostSuite())).map(
      parseReference,
    );
    const include = flags
      .list("include")
      .flatMap((text) => text.split(","))
      .filter((name) => name !== "");
    const engine = openEngine();
    using progress = openProgress({ quiet: flags.bool("quiet") });
    let running: BootstrapStep["phase"] | undefined;
    const finish = () => {
      if (running !== undefined) progress.event({ kind: "step", id: titles[running], phase: "done" });
    };
    const warn = (sentence: string) => progress.note(`vial: warning: ${sentence}`);
    const wish = { distribution, suite, variant, include, references, warn };
    const image = await bootstrapImage(engine, wish, (step) => {
      if (step.phase !== running) finish();
      running = step.phase;
      const { done, total } = step;
      const amount = done === undefined || total === undefined ? {} : { done, total };
      progress.event({ kind: "step", id: titles[step.phase], phase: "running", ...amount });
    });
    finish();
    progress[Symbol.dispose]();
    outLine(
      flags.bool("quiet")
        ? image.id
        : `${references.map(printFamiliar).join(", ")}  ${image.descriptor.digest}`,
    );
    return 0;
  },
};

const titles: Readonly<Record<BootstrapStep["phase"], string>> = {
  prepare: "Read the sources",
  update: "Fetch the package lists",
  download: "Download packages",
  extract: "Extract them",
  essential: "Set up the essential packages",
  install: "Set up the others",
  customize: "Clean up",
  pack: "Pack and store the layer",
  unpack: "Unpack it, ready to run",
};
