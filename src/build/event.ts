import type { SourceRange } from "#spec";

/** A part of a build that people see: an instruction of a stage, or the work before and after. */
export interface StepInfo {
  /** Counts from 1 in the order in which steps are announced. */
  readonly number: number;
  /** "[build 2/5] RUN make" */
  readonly title: string;
  readonly where?: SourceRange;
  /** The stage it belongs to, by its name or number. */
  readonly stage?: string;
  /** Numbers of the steps that it stands on. */
  readonly needs: readonly number[];
}

export type BuildEvent =
  | { readonly kind: "begun"; readonly step: StepInfo }
  | { readonly kind: "output"; readonly step: StepInfo; readonly line: string }
  | { readonly kind: "cached"; readonly step: StepInfo; readonly saved: number }
  /** Milliseconds. */
  | { readonly kind: "done"; readonly step: StepInfo; readonly took: number }
  | { readonly kind: "failed"; readonly step: StepInfo; readonly took: number }
  | { readonly kind: "warning"; readonly sentence: string };

/** Told what happens while it happens. */
export type BuildReport = (event: BuildEvent) => void;

/** Announces steps and times them. */
export class StepReporter {
  readonly #report: BuildReport;
  #count = 0;

  constructor(report: BuildReport) {
    this.#report = report;
  }

  warn(sentence: string): void {
    this.#report({ kind: "warning", sentence });
  }

  begin(info: Omit<StepInfo, "number">): RunningStep {
    this.#count++;
    const step = { ...info, number: this.#count };
    this.#report({ kind: "begun", step });
    return new RunningStep(step, this.#report);
  }
}

export class RunningStep {
  readonly info: StepInfo;
  readonly #report: BuildReport;
  readonly #began = performance.now();
  #rest = "";
  readonly #decoder = new TextDecoder();
  /** It runs programs, so it depends on more than what Vial itself does. */
  runsProgram = false;
  /** The last lines of output, for the error. */
  readonly lastLines: string[] = [];

  constructor(info: StepInfo, report: BuildReport) {
    this.info = info;
    this.#report = report;
  }

  output(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    // A program that never ends its line must not fill our memory.
    if (this.#rest.length > maxLine) this.#flush();
  }

  #flush(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }

  #line(text: string): void {
    const line = (text.length > maxLine ? text.slice(0, maxLine) : text).replace(/\r$/, "");
    this.lastLines.push(line);
    if (this.lastLines.length > keptLines) this.lastLines.shift();
    this.#report({ kind: "output", step: this.info, line });
  }

  /** `saved`: milliseconds that it took when it was done. */
  cached(saved: number): void {
    this.#report({ kind: "cached", step: this.info, saved });
  }

  done(): number {
    this.#flush();
    const took = performance.now() - this.#began;
    this.#report({ kind: "done", step: this.info, took });
    return took;
  }

  failed(): void {
    this.#flush();
    this.#report({ kind: "failed", step: this.info, took: performance.now() - this.#began });
  }
}

const maxLine = 16_384;
const keptLines = 20;
