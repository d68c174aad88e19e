// The steps of a long command: one bar at a terminal, plain lines elsewhere.

const width = 24;

/**
 * Shows steps that take `seconds` each the first time, so that the bar moves by time and not by count.
 * The detail is the newest line of what is running.
 */
export class Progress {
  #steps;
  #done = 0;
  #live;
  #current;
  #timer;

  constructor(steps, { terminal = process.stderr.isTTY === true } = {}) {
    this.#steps = steps;
    this.#live = terminal;
  }

  /** Does the step `name`; `work(onLine)` gives a sentence about the outcome. */
  async step(name, work) {
    const step = this.#steps.find((entry) => entry.name === name);
    const started = performance.now();
    this.#current = { name, seconds: step.seconds, started, detail: "" };
    if (this.#live) {
      this.#draw();
      this.#timer = setInterval(() => this.#draw(), 100);
    } else {
      process.stderr.write(`.. ${name}\n`);
    }
    try {
      const outcome = await work((line) => {
        this.#current.detail = line.trim();
      });
      this.#end("ok", name, outcome, started);
    } catch (error) {
      this.#end("!!", name, "failed", started);
      throw error;
    }
    this.#done += step.seconds;
  }

  #end(mark, name, outcome, started) {
    clearInterval(this.#timer);
    const time = `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8);
    if (this.#live) process.stderr.write("\r\x1b[K");
    process.stderr.write(`${mark} ${time}  ${name}${outcome === undefined ? "" : `: ${outcome}`}\n`);
  }

  #draw() {
    const { name, seconds, started, detail } = this.#current;
    const total = this.#steps.reduce((sum, step) => sum + step.seconds, 0);
    const elapsed = (performance.now() - started) / 1000;
    // Slower than thought: the bar goes on ever more slowly, and never to the end of the step.
    const share = (this.#done + seconds * (1 - Math.exp((-1.5 * elapsed) / seconds))) / total;
    const full = Math.round(share * width);
    const bar = `${"█".repeat(full)}${"░".repeat(width - full)}`;
    const columns = process.stderr.columns ?? 80;
    const text = `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${name} ${elapsed.toFixed(0)} s  ${detail}`;
    process.stderr.write(`\r\x1b[K${text.replace(/[\x00-\x1f\x7f]/g, " ").slice(0, columns - 1)}`);
  }
}
