import { notReproducible, printSourceLines, type SameTwiceReport } from "#engine";
import { showControls } from "#kit";
import type { Recipe } from "./build-recipe.ts";
import { err, errLine } from "./print.ts";

/** Prints what `--check-reproducible` found. Throws build-not-reproducible when something was not the same twice. */
export function printSameTwice(report: SameTwiceReport, recipe: Recipe): void {
  const { checked, differing, dated, varied, notVaried } = report;
  for (const { step, differences, count } of differing) {
    errLine(`\nNot the same twice: ${showControls(step.title)}`);
    if (step.where !== undefined && recipe.text !== undefined && step.where.file === recipe.name)
      err(printSourceLines(step.where, recipe.text));
    for (const { path, how, likely } of differences) {
      errLine(`  ${showControls(path)}`);
      errLine(`      ${showControls(how)}`);
      errLine(`      likely cause: ${likely.cause}; ${showControls(likely.because)}`);
      errLine(`      ${likely.next}`);
    }
    if (count > differences.length) errLine(`  and ${count - differences.length} more`);
  }
  if (dated.length > 0) {
    errLine("\nThe same twice, but with the date of today, so not the same tomorrow:");
    for (const { path, date, step } of dated)
      errLine(`  ${showControls(path)}: "${showControls(date)}" (${showControls(step.title)})`);
  }
  errLine(`\nDone twice: ${checked} steps. Varied: ${varied.join(", ")}.`);
  for (const what of notVaried) errLine(`Not varied: ${what}.`);
  if (differing.length > 0) throw notReproducible(differing.length, checked);
  errLine("Each step gave the same bytes twice.");
}
