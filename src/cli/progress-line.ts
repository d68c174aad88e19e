const window = 3000;

/** Units per second over the last three seconds. */
export class Speed {
  #samples: { readonly at: number; readonly done: number }[] = [];

  /** `at` in milliseconds. */
  sample(at: number, done: number): void {
    const last = this.#samples.at(-1);
    // Events come by the thousand; ten samples a second are enough.
    if (last !== undefined && this.#samples.length > 1 && at - last.at < 100) this.#samples.pop();
    this.#samples.push({ at, done });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > window) this.#samples.shift();
  }

  restart(): void {
    this.#samples = [];
  }

  /** Undefined until there is half a second to judge by. */
  perSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 500) return undefined;
    return ((last.done - first.done) / (last.at - first.at)) * 1000;
  }
}

/** `[=====>    ]`, `width` columns between the brackets. */
export function printBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  const head = filled > 0 && filled < width ? ">" : "";
  return `[${("=".repeat(Math.max(0, filled - head.length)) + head).padEnd(width)}]`;
}

/** The line cut to `columns`, by what the terminal shows of it. */
export function fitLine(line: string, columns: number): string {
  if (Bun.stringWidth(line) <= columns) return line;
  let text = "";
  let width = 0;
  for (const character of line) {
    width += Bun.stringWidth(character);
    if (width > columns - 1) break;
    text += character;
  }
  return `${text}…`;
}
