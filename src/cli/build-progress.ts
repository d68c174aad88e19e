import type { BuildEvent, BuildReport, StepInfo } from "#engine";
import { showControls } from "#kit";
import { err, isTerminal, terminalSize } from "./print.ts";
import { fitLine } from "./progress-line.ts";
import { voice } from "./voice.ts";

// What a build shows while it runs, on standard error: on a terminal the steps that run with their time and last lines,
// redrawn in place, and a line for each that is done; elsewhere plain lines with the step's number in front.

export type ProgressForm = "auto" | "plain" | "tty" | "quiet" | "rawjson";

export interface BuildProgress extends Disposable {
  readonly report: BuildReport;
  /** Leaves the terminal to somebody else until disposed; what happens meanwhile is shown then. */
  pause(): Disposable;
}

interface View extends Disposable {
  readonly report: BuildReport;
  /** Takes away what would be redrawn. */
  clear?(): void;
}

export function openBuildProgress(form: ProgressForm): BuildProgress {
  const view = openView(form);
  let waiting: BuildEvent[] | undefined;
  const resume = () => {
    const events = waiting ?? [];
    waiting = undefined;
    for (const event of events) view.report(event);
  };
  return {
    report(event) {
      if (waiting === undefined) view.report(event);
      else waiting.push(event);
    },
    pause() {
      waiting ??= [];
      view.clear?.();
      return { [Symbol.dispose]: resume };
    },
    [Symbol.dispose]() {
      resume();
      view[Symbol.dispose]();
    },
  };
}

function openView(form: ProgressForm): View {
  if (form === "quiet") return { report: () => {}, [Symbol.dispose]() {} };
  if (form === "rawjson")
    return { report: (event) => err(`${JSON.stringify(event)}\n`), [Symbol.dispose]() {} };
  const live = form === "tty" || (form === "auto" && isTerminal(2) && process.env.TERM !== "dumb");
  return live ? new LiveBuild() : new PlainBuild();
}

class PlainBuild implements View {
  readonly report = (event: BuildEvent): void => {
    if (event.kind === "warning") {
      voice().warn(event.sentence);
      return;
    }
    const number = `#${event.step.number}`;
    if (event.kind === "begun") err(`${number} ${showControls(event.step.title)}\n`);
    else if (event.kind === "output") err(`${number} ${showControls(withoutTabs(event.line))}\n`);
    else if (event.kind === "cached") err(`${number} CACHED\n`);
    else if (event.kind === "done") err(`${number} DONE ${seconds(event.took)}\n`);
    else err(`${number} FAILED ${seconds(event.took)}\n`);
  };
  [Symbol.dispose](): void {}
}

interface Running {
  readonly step: StepInfo;
  readonly began: number;
  readonly lines: string[];
}

const shownLines = 6;

class LiveBuild implements View {
  readonly #running = new Map<number, Running>();
  #drawn = 0;
  #cleared = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    this.#timer = setInterval(() => {
      if (!this.#cleared) this.#draw([]);
    }, 100);
    this.#timer.unref();
  }

  clear(): void {
    this.#cleared = true;
    if (this.#drawn > 0) err(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  readonly report = (event: BuildEvent): void => {
    this.#cleared = false;
    if (event.kind === "warning") {
      this.#draw([`\x1b[33m!\x1b[0m ${event.sentence}`]);
      return;
    }
    const { step } = event;
    switch (event.kind) {
      case "begun":
        this.#running.set(step.number, { step, began: performance.now(), lines: [] });
        break;
      case "output": {
        const lines = this.#running.get(step.number)?.lines;
        lines?.push(event.line);
        if (lines !== undefined && lines.length > shownLines) lines.shift();
        break;
      }
      case "cached":
        this.#running.delete(step.number);
        this.#draw([`\x1b[34m✓\x1b[0m ${showControls(step.title)} \x1b[2mcached\x1b[0m`]);
        break;
      case "done":
        this.#running.delete(step.number);
        this.#draw([`\x1b[32m✓\x1b[0m ${showControls(step.title)} \x1b[2m${seconds(event.took)}\x1b[0m`]);
        break;
      case "failed":
        this.#running.delete(step.number);
        this.#draw([`\x1b[31m✗\x1b[0m ${showControls(step.title)} \x1b[2m${seconds(event.took)}\x1b[0m`]);
        break;
      default:
        event satisfies never;
    }
  };

  /** Lines that stay, then the steps that run. */
  #draw(stay: readonly string[]): void {
    const { columns = 80, rows = 24 } = terminalSize(2) ?? {};
    const now = performance.now();
    const live = [...this.#running.values()].flatMap(({ step, began, lines }) => [
      `\x1b[36m•\x1b[0m ${fitLine(showControls(step.title), columns - 12)} \x1b[2m${seconds(now - began)}\x1b[0m`,
      ...lines.map((line) => `\x1b[2m  ${fitLine(showControls(withoutTabs(line)), columns - 4)}\x1b[0m`),
    ]);
    const shown = live.slice(-(rows - 2));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    const fitted = stay.map((line) => fitLine(line, columns + 16));
    err(`${up}\r\x1b[J${[...fitted, ...shown].map((line) => `${line}\n`).join("")}`);
    this.#drawn = shown.length;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#running.clear();
    this.#draw([]);
  }
}

/** A tab is no control to hide, and would end elsewhere behind a prefix. */
function withoutTabs(line: string): string {
  return line.replaceAll("\t", "    ");
}

/** "0.1s", "72.0s". */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}
