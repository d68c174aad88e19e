import { describe, expect, test } from "bun:test";
import type { StepInfo } from "#engine";
import { GraphRecorder, printDot, printSvg } from "./build-graph.ts";

function record(): GraphRecorder {
  const recorder = new GraphRecorder();
  const step = (number: number, title: string, needs: readonly number[], stage?: string): StepInfo => ({
    number,
    title,
    needs,
    ...(stage === undefined ? {} : { stage }),
  });
  const base = step(1, "[a] FROM busybox", [], "a");
  const make = step(2, '[a 1/1] RUN echo "<script>&\x1b" \\', [1], "a");
  const copy = step(4, "[stage-1 1/1] COPY --from=a / /", [3, 2]);
  const other = step(3, "[stage-1] FROM scratch", []);
  recorder.report({ kind: "begun", step: base });
  recorder.report({ kind: "cached", step: base, saved: 1500 });
  recorder.report({ kind: "begun", step: make });
  recorder.report({ kind: "output", step: make, line: "x" });
  recorder.report({ kind: "begun", step: other });
  recorder.report({ kind: "done", step: make, took: 200 });
  recorder.report({ kind: "begun", step: copy });
  recorder.report({ kind: "failed", step: copy, took: 100 });
  recorder.report({ kind: "warning", sentence: "x" });
  return recorder;
}

describe("printSvg()", () => {
  test("gives the same text for the same steps, with times, ends and arrows", () => {
    const svg = printSvg(record().steps);
    expect(svg).toBe(printSvg(record().steps));
    for (const text of ["cached, 1.5s saved", ">0.2s<", "failed after 0.1s", ">stopped<"])
      expect(svg).toContain(text);
    expect(svg.match(/marker-end/g)).toHaveLength(3);
  });

  test("lets no title become a tag", () => {
    const svg = printSvg(record().steps);
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("\x1b");
    expect(svg).toContain("&lt;script&gt;&amp;");
  });

  test("puts the steps of a stage into one column", () => {
    const columns = [...printSvg(record().steps).matchAll(/<rect x="(\d+)" y="(\d+)" width="300"/g)];
    expect(columns.map(([, x, y]) => [x, y])).toEqual([
      ["24", "44"],
      ["24", "122"],
      ["384", "44"],
      ["384", "122"],
    ]);
  });

  test("draws nothing at all as an empty picture", () => {
    expect(printSvg([])).toStartWith("<svg");
  });
});

test("printDot() quotes and joins the steps", () => {
  const dot = printDot(record().steps);
  expect(dot).toContain('s2 [label="#2 RUN echo \\"<script>&\\\\x1b\\" \\\\\\n0.2s"');
  expect(dot).toContain("  s2 -> s4;\n  s3 -> s4;\n");
});
