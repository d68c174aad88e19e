import { inspectImageFile, type Part } from "#engine";

const parts: readonly Part[] = [
  "labels",
  "deffile",
  "runscript",
  "startscript",
  "test",
  "helpfile",
  "environment",
  "apps",
];

/** What `vial inspect` shows of a SIF file, a squashfs or a sandbox: what it says of itself. */
export function describeImageFile(path: string): object {
  const found = inspectImageFile(path, process.cwd(), new Set(parts));
  const { labels, deffile, runscript, startscript, test, helpfile, environment, apps } = found;
  return {
    Path: path,
    Labels: labels ?? {},
    Deffile: deffile ?? "",
    Runscript: runscript ?? "",
    Startscript: startscript ?? "",
    Test: test ?? "",
    Helpfile: helpfile ?? "",
    Environment: environment ?? {},
    Apps: apps ?? {},
  };
}
