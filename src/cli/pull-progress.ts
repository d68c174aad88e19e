import { type Engine, type PulledImage, pullImage } from "#engine";
import { type ImageReference, type Platform, parseReference } from "#spec";
import { errLine } from "./print.ts";
import { openProgress, type Progress } from "./progress.ts";
import { withInterrupt } from "./interrupt.ts";
import { voice } from "./voice.ts";

type Transfer = NonNullable<Parameters<typeof pullImage>[2]>;

/** Pulls an image and shows the progress on standard error, where it does not mix with a program's output. */
export async function pullShowingProgress(
  engine: Engine,
  name: string | ImageReference,
  platform: Platform | undefined,
  options: { readonly quiet: boolean },
): Promise<PulledImage> {
  const reference = typeof name === "string" ? parseReference(name) : name;
  return await showingTransfer(options, (transfer) =>
    pullImage(engine, reference, { ...transfer, ...(platform === undefined ? {} : { platform }) }),
  );
}

/** Runs a pull or push with a display of its layers; ^C ends it in order, and a second one at once. */
export async function showingTransfer<T>(
  options: { readonly quiet: boolean },
  transfer: (options: Pick<Transfer, "report" | "signal" | "warn">) => Promise<T>,
): Promise<T> {
  return await withInterrupt(async (signal) => {
    using progress = openProgress(options);
    return await transfer({
      signal,
      report: reporter(progress),
      warn: (sentence) => note(progress, options, sentence),
    });
  });
}

/** A warning is shown also when progress is not. */
function note(progress: Progress, options: { readonly quiet: boolean }, sentence: string): void {
  const line = voice().warningLine(sentence);
  if (line === undefined) return;
  if (options.quiet) errLine(line);
  else progress.note(line);
}

function reporter(progress: Progress): NonNullable<Transfer["report"]> {
  return (event) => {
    if (event.kind === "layer") progress.event(event);
    else if (event.kind === "retry") progress.note(`${event.id}: ${event.reason}; going on from there`);
    else if (event.kind === "mirror") progress.note(`${event.host}: ${event.reason}; asking the next place`);
  };
}
