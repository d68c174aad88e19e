import { describe, expect, test } from "bun:test";
import { openProgress, type ProgressPlace } from "./progress.ts";

/** Built from text, because a control character in a regular expression is a mistake more often than not. */
const escapeOrCharacter = new RegExp(`${String.fromCharCode(27)}\\[(\\??\\d*)([A-Za-z])|([^])`, "gu");

/** A terminal's screen: what a person would see after everything that was written. */
class Screen implements ProgressPlace {
  rows: string[] = [""];
  row = 0;
  column = 0;
  columns: number;
  height = 24;
  cursorShown = true;
  time = 0;
  written = "";

  constructor(columns: number) {
    this.columns = columns;
  }

  size() {
    return { rows: this.height, columns: this.columns };
  }

  now() {
    return this.time;
  }

  write(text: string) {
    this.written += text;
    for (const [, code, mode, character] of text.matchAll(escapeOrCharacter)) {
      if (mode === "A") this.row = Math.max(0, this.row - Number(code));
      else if (mode === "J") this.rows = [...this.rows.slice(0, this.row), ""];
      else if (mode === "h" || mode === "l") this.cursorShown = mode === "h";
      else if (character === "\r") this.column = 0;
      else if (character === "\n") this.#down();
      else if (character !== undefined) {
        if (this.column >= this.columns) this.#down();
        this.rows[this.row] = `${(this.rows[this.row] ?? "").slice(0, this.column)}${character}`;
        this.column++;
      }
    }
  }

  #down() {
    this.row++;
    this.column = 0;
    this.rows[this.row] ??= "";
  }

  /** What a terminal does to its rows when the window gets narrower. */
  narrow(columns: number) {
    const split = (row: string) =>
      row === "" ? [""] : (row.match(new RegExp(`.{1,${columns}}`, "g")) ?? []);
    this.rows = this.rows.flatMap(split);
    this.row = this.rows.length - 1;
    this.columns = columns;
  }

  get shown() {
    return this.rows.join("\n");
  }
}

const layer = (id: string, phase: string, done: number, total: number | undefined = 1000) =>
  ({ kind: "layer", id, phase, done, total }) as const;

describe("openProgress() on a terminal", () => {
  test("draws one line per part and draws it again in the same place", () => {
    const screen = new Screen(80);
    const progress = openProgress({ quiet: false }, screen);
    progress.event(layer("aaaaaaaaaaaa", "downloading", 0));
    screen.time = 100;
    progress.event(layer("bbbbbbbbbbbb", "downloading", 500));
    screen.time = 1000;
    progress.event(layer("aaaaaaaaaaaa", "downloading", 500));
    expect(screen.rows).toHaveLength(3);
    expect(screen.rows[0]).toMatch(
      /^aaaaaaaaaaaa {2}Downloading {2}\[=+> +\] {2}500B\/1kB {2}500B\/s {2}1\.0s$/,
    );
    expect(screen.rows[1]).toMatch(/^bbbbbbbbbbbb {2}Downloading {2}\[=+> +\] {2}500B\/1kB/);
    expect(screen.cursorShown).toBe(false);
    progress[Symbol.dispose]();
  });

  test("leaves the last state and shows the cursor again", () => {
    const screen = new Screen(80);
    {
      using progress = openProgress({ quiet: false }, screen);
      progress.event(layer("aaaa", "downloading", 10));
      screen.time = 2000;
      progress.event(layer("aaaa", "done", 1000));
      progress.event(layer("bbbb", "exists", 0));
    }
    expect(screen.shown).toBe("aaaa  Done  1kB in 2.0s\nbbbb  Already here\n");
    expect(screen.cursorShown).toBe(true);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  test("draws at most every 80 ms", () => {
    const screen = new Screen(80);
    using progress = openProgress({ quiet: false }, screen);
    progress.event(layer("aaaa", "downloading", 0));
    const before = screen.written;
    for (let done = 1; done < 500; done++) progress.event(layer("aaaa", "downloading", done));
    expect(screen.written).toBe(before);
    screen.time = 80;
    progress.event(layer("aaaa", "downloading", 600));
    expect(screen.shown).toContain("600B/1kB");
  });

  test("cleans up after the window got narrower, and never wraps", () => {
    const screen = new Screen(80);
    const progress = openProgress({ quiet: false }, screen);
    progress.event(layer("aaaaaaaaaaaa", "downloading", 500));
    screen.time = 100;
    progress.event(layer("bbbbbbbbbbbb", "downloading", 500));
    screen.narrow(30);
    screen.time = 200;
    progress.event(layer("bbbbbbbbbbbb", "downloading", 600));
    expect(screen.rows).toHaveLength(3);
    expect(Math.max(...screen.rows.map((row) => row.length))).toBeLessThan(30);
    progress[Symbol.dispose]();
  });

  test("shows what is at work when there are more parts than rows", () => {
    const screen = new Screen(80);
    screen.height = 5;
    const progress = openProgress({ quiet: false }, screen);
    for (let index = 0; index < 10; index++) {
      screen.time += 100;
      progress.event(layer(`layer-${index}`, index < 4 ? "done" : "unpacking", 500));
    }
    expect(screen.rows.slice(0, 4).map((row) => row.slice(0, 27).trim())).toEqual([
      "layer-4  Unpacking    [====",
      "layer-5  Unpacking    [====",
      "layer-6  Unpacking    [====",
      "4 of 10 done, 3 more to com",
    ]);
    progress[Symbol.dispose]();
    expect(screen.rows).toHaveLength(11);
  });

  test("keeps a note above the lines", () => {
    const screen = new Screen(80);
    const progress = openProgress({ quiet: false }, screen);
    progress.event({ kind: "step", id: "Packages", phase: "fetching", done: 3, total: 12 });
    progress.note("mirror is slow\x1b[31m");
    expect(screen.rows[0]).toBe("mirror is slow\\x1b[31m");
    expect(screen.rows[1]).toMatch(/^Packages {2}Fetching {5}\[=+> +\] {2}3\/12$/);
    progress[Symbol.dispose]();
  });

  test("shows the time of a step that counts nothing", () => {
    const screen = new Screen(80);
    const progress = openProgress({ quiet: false }, screen);
    progress.event({ kind: "step", id: "Configure", phase: "running" });
    screen.time = 65_000;
    progress.event({ kind: "step", id: "Configure", phase: "running" });
    expect(screen.rows[0]).toBe("Configure  Running      1m05s");
    progress[Symbol.dispose]();
  });
});

describe("openProgress() without a terminal", () => {
  const plain = () => {
    const place = {
      time: 0,
      text: "",
      size: () => undefined,
      now: () => place.time,
      write: (text: string) => {
        place.text += text;
      },
    };
    return place;
  };

  test("writes a line when the phase changes, and the percentage every five seconds", () => {
    const place = plain();
    using progress = openProgress({ quiet: false }, place);
    progress.event(layer("aaaa", "downloading", 0));
    place.time = 4999;
    progress.event(layer("aaaa", "downloading", 300));
    place.time = 5000;
    progress.event(layer("aaaa", "downloading", 400));
    place.time = 5001;
    progress.event(layer("aaaa", "downloading", 450));
    progress.event(layer("aaaa", "unpacking", 0));
    progress.event(layer("aaaa", "done", 1000));
    progress.note("note");
    expect(place.text).toBe(
      "aaaa: Downloading\naaaa: Downloading 40% (400B/1kB)\naaaa: Unpacking\naaaa: Done in 5.0s\nnote\n",
    );
  });

  test("holds no escape code", () => {
    const place = plain();
    using progress = openProgress({ quiet: false }, place);
    progress.event(layer("\x1b[31m", "downloading", 0));
    expect(place.text).not.toContain("\x1b");
  });
});

test("openProgress() says nothing when quiet", () => {
  const screen = new Screen(80);
  using progress = openProgress({ quiet: true }, screen);
  progress.event(layer("aaaa", "downloading", 10));
  progress.note("note");
  expect(screen.written).toBe("");
});
