import { copyUp, type CopyOrder } from "#engine";
import { dieWithParent } from "#host";
import { printSize } from "#spec";
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Command } from "../command.ts";
import { out } from "../print.ts";

/** Copies files of an image into volumes, in a process of its own. Descriptor 3 is the stderr of whoever waits. */
export const command: Command = {
  name: "internal-copy-up",
  usage: "ORDER",
  summary: "Copy files of an image into volumes",
  flags: [],
  args: [1, 1],
  run(_flags, [order = ""]) {
    dieWithParent();
    const progress = new Progress();
    const failure = copyUp(JSON.parse(order) as CopyOrder, (bytes) => progress.add(bytes));
    progress.end();
    if (failure === undefined) return 0;
    out(`${JSON.stringify(failure)}\n`);
    return 1;
  },
};

/** One line at a terminal, for what takes longer than a moment. */
class Progress {
  readonly #terminal = isatty(3);
  #done = 0;
  #shownAt = performance.now() + 700;
  #isShown = false;

  add(bytes: number): void {
    this.#done += bytes;
    if (!this.#terminal || performance.now() < this.#shownAt) return;
    this.#isShown = true;
    this.#shownAt = performance.now() + 200;
    writeSync(3, `\r\x1b[Kvial: copying files of the image into the volume: ${printSize(this.#done)}`);
  }

  end(): void {
    if (this.#isShown) writeSync(3, "\r\x1b[K");
  }
}
