import { showControls } from "#kit";
import { printSize } from "#spec";
import { err, isTerminal, terminalSize } from "./print.ts";
import { fitLine, printBar, Speed } from "./progress-line.ts";

// What long work shows while it runs, on standard error, so that standard output stays for the result:
// on a terminal one line per part, redrawn in place; elsewhere a line when a part changes, and now and then one with
// the percentage.

/** Bytes `done` of `total` (undefined: not known) of a layer; `phase` is what is being done with it, "done" at its end. */
export interface LayerEvent {
  readonly kind: "layer";
  /** Short name for people: the first twelve digits of the digest. */
  readonly id: string;
  readonly phase: string;
  readonly done: number;
  readonly total: number | undefined;
}

/** A step of long work that is not a layer: "Configure packages". `done` and `total` are in what the step counts. */
export interface StepEvent {
  readonly kind: "step";
  readonly id: string;
  readonly phase: string;
  readonly done?: number;
  readonly total?: number;
}

export type ProgressEvent = LayerEvent | StepEvent;

export interface Progress extends Disposable {
  event(event: ProgressEvent): void;
  /** One line that stays above what is redrawn. */
  note(line: string): void;
}

/** Where progress is drawn: standard error in the program, a screen of their own in tests. */
export interface ProgressPlace {
  /** Undefined: no terminal, plain lines. */
  size(): { readonly rows: number; readonly columns: number } | undefined;
  write(text: string): void;
  /** Milliseconds that only grow. */
  now(): number;
}

const standardError: ProgressPlace = {
  size: () => (isTerminal(2) ? (terminalSize(2) ?? { rows: 24, columns: 80 }) : undefined),
  write: err,
  now: () => performance.now(),
};

/** Opens the display; `using` closes it, which leaves the last state on the screen and the cursor shown. */
export function openProgress(options: { readonly quiet: boolean }, place = standardError): Progress {
  if (options.quiet) return { event: () => {}, note: () => {}, [Symbol.dispose]: () => {} };
  return place.size() === undefined || process.env.TERM === "dumb"
    ? new PlainProgress(place)
    : new LiveProgress(place);
}

interface Part {
  event: ProgressEvent;
  readonly speed: Speed;
  readonly startedAt: number;
  phaseAt: number;
  /** Plain lines: when the last one was written. */
  saidAt: number;
  endedAt: number | undefined;
}

class Parts {
  readonly all = new Map<string, Part>();

  /** Takes an event in; `changed` when the phase is another one. */
  take(event: ProgressEvent, now: number): { readonly part: Part; readonly changed: boolean } {
    const known = this.all.get(event.id);
    if (known === undefined) {
      const part: Part = {
        event,
        speed: new Speed(),
        startedAt: now,
        phaseAt: now,
        saidAt: now,
        endedAt: hasEnded(event) ? now : undefined,
      };
      part.speed.sample(now, event.done ?? 0);
      this.all.set(event.id, part);
      return { part, changed: true };
    }
    const changed = known.event.phase !== event.phase;
    if (changed) {
      known.speed.restart();
      known.phaseAt = now;
    }
    known.speed.sample(now, event.done ?? 0);
    known.event = event;
    known.endedAt = hasEnded(event) ? (known.endedAt ?? now) : undefined;
    return { part: known, changed };
  }
}

const lastPhases = new Set(["done", "exists", "mounted", "failed"]);

function hasEnded(event: ProgressEvent): boolean {
  return lastPhases.has(event.phase);
}

function printPhase(phase: string): string {
  if (phase === "exists") return "Already here";
  if (phase === "mounted") return "Taken from another repository there";
  return phase.slice(0, 1).toUpperCase() + phase.slice(1);
}

function printAmount(event: ProgressEvent): string {
  const { done, total, kind } = event;
  const print = kind === "layer" ? printSize : String;
  if (done === undefined) return "";
  return total === undefined ? print(done) : `${print(done)}/${print(total)}`;
}

function printSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 60) return `${Math.round(seconds)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

function printPart(part: Part, now: number, idWidth: number, columns: number): string {
  const { event } = part;
  const id = showControls(event.id).padEnd(idWidth);
  if (part.endedAt !== undefined) {
    const size =
      event.kind === "layer" && event.phase === "done" && event.total !== undefined
        ? `  ${printSize(event.total)}`
        : "";
    const took = event.phase === "done" ? ` in ${printSeconds(part.endedAt - part.startedAt)}` : "";
    return fitLine(`${id}  ${printPhase(event.phase)}${size}${took}`, columns);
  }
  if (event.phase === "waiting") return fitLine(`${id}  Waiting`, columns);
  const left = `${id}  ${printPhase(event.phase).padEnd(11)}`;
  if (event.total === undefined || event.total <= 0 || event.done === undefined)
    return fitLine(`${left}  ${printAmount(event) || printSeconds(now - part.phaseAt)}`, columns);
  const rate = part.speed.perSecond();
  const speed = rate === undefined || event.kind !== "layer" ? "" : `  ${printSize(rate)}/s`;
  const rest =
    rate === undefined || rate <= 0 ? "" : `  ${printSeconds(((event.total - event.done) / rate) * 1000)}`;
  const right = `  ${printAmount(event)}${speed}${rest}`;
  const room = columns - Bun.stringWidth(left) - Bun.stringWidth(right) - 3;
  const bar = room >= 12 ? `  ${printBar(event.done / event.total, Math.min(room - 2, 40))}` : "";
  return fitLine(`${left}${bar}${right}`, columns);
}

const redrawEvery = 80;

/** Lines that are redrawn in place. */
class LiveProgress implements Progress {
  readonly #place: ProgressPlace;
  readonly #parts = new Parts();
  /** Widths of the lines on the screen now; after the window got narrower they fill more rows than lines. */
  #drawn: number[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #stopped = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    // Without our listener the signal does what it does to any program.
    process.kill(process.pid, signal);
  };

  constructor(place: ProgressPlace) {
    this.#place = place;
  }

  event(event: ProgressEvent): void {
    const now = this.#place.now();
    this.#parts.take(event, now);
    if (this.#timer === undefined) this.#begin();
    if (now - this.#drawnAt >= redrawEvery) this.#draw(now);
  }

  note(line: string): void {
    this.#place.write(`${this.#erase()}${showControls(line)}\n`);
    this.#drawn = [];
    if (this.#parts.all.size > 0) this.#draw(this.#place.now());
  }

  [Symbol.dispose](): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.off("SIGINT", this.#stopped);
    process.off("SIGTERM", this.#stopped);
    const now = this.#place.now();
    // The last state stays on the screen, so all of it is shown, however high the window is.
    const text = this.#lines(now, Number.POSITIVE_INFINITY);
    this.#place.write(`${this.#erase()}${text.map((line) => `${line}\n`).join("")}\x1b[?25h`);
    this.#drawn = [];
    this.#parts.all.clear();
  }

  #begin(): void {
    this.#place.write("\x1b[?25l");
    // Times and speeds go on when no event comes. The timer alone does not keep the program alive.
    this.#timer = setInterval(() => this.#draw(this.#place.now()), 500);
    this.#timer.unref();
    // Somebody who listens already ends the work in order, and disposes of the display then.
    if (process.listenerCount("SIGINT") > 0) return;
    process.once("SIGINT", this.#stopped);
    process.once("SIGTERM", this.#stopped);
  }

  #draw(now: number): void {
    const { rows } = this.#size();
    const lines = this.#lines(now, Math.max(1, rows - 1));
    this.#place.write(this.#erase() + lines.map((line) => `${line}\n`).join(""));
    this.#drawn = lines.map((line) => Bun.stringWidth(line));
    this.#drawnAt = now;
  }

  #size(): { readonly rows: number; readonly columns: number } {
    return this.#place.size() ?? { rows: 24, columns: 80 };
  }

  /** At most `height` lines: when there are more parts, those that are at work, and a count of the others. */
  #lines(now: number, height: number): string[] {
    const { columns } = this.#size();
    const parts = [...this.#parts.all.values()];
    const idWidth = Math.min(40, Math.max(...parts.map((part) => Bun.stringWidth(part.event.id))));
    const print = (part: Part) => printPart(part, now, idWidth, columns - 1);
    if (parts.length <= height) return parts.map(print);
    const busy = parts.filter((part) => part.endedAt === undefined).slice(0, height - 1);
    const ended = parts.filter((part) => part.endedAt !== undefined).length;
    const waiting = parts.length - ended - busy.length;
    const more = [
      ended > 0 ? `${ended} of ${parts.length} done` : "",
      waiting > 0 ? `${waiting} more to come` : "",
    ].filter((text) => text !== "");
    return [...busy.map(print), fitLine(more.join(", "), columns - 1)];
  }

  /** Moves to the first row of what was drawn and clears to the end of the screen. */
  #erase(): string {
    const { columns } = this.#size();
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  }
}

const sayEvery = 5000;

/** Plain lines for logs: one when the phase changes, and one with the percentage every few seconds. */
class PlainProgress implements Progress {
  readonly #place: ProgressPlace;
  readonly #parts = new Parts();

  constructor(place: ProgressPlace) {
    this.#place = place;
  }

  event(event: ProgressEvent): void {
    const now = this.#place.now();
    const { part, changed } = this.#parts.take(event, now);
    if (event.phase === "waiting" || (!changed && now - part.saidAt < sayEvery)) return;
    part.saidAt = now;
    const id = showControls(event.id);
    if (hasEnded(event)) {
      const took = event.phase === "done" ? ` in ${printSeconds(now - part.startedAt)}` : "";
      this.#place.write(`${id}: ${printPhase(event.phase)}${took}\n`);
      return;
    }
    const { done, total } = event;
    const percent = done === undefined || !total || changed ? "" : ` ${Math.floor((done / total) * 100)}%`;
    const amount = changed && (done ?? 0) === 0 ? "" : printAmount(event);
    this.#place.write(`${id}: ${printPhase(event.phase)}${percent}${amount === "" ? "" : ` (${amount})`}\n`);
  }

  note(line: string): void {
    this.#place.write(`${showControls(line)}\n`);
  }

  [Symbol.dispose](): void {}
}
