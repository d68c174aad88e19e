import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { SourceRange } from "#spec";
import type { RunningStep } from "../event.ts";
import { runProgram } from "../run-program.ts";
import { stepKey } from "../step-key.ts";
import { filesFolder, type Workspace } from "../workspace.ts";
import { postHindered } from "./error.ts";
import type { PostScript } from "./post.ts";
import { type StageSteps, scriptEnvironment } from "./stage-steps.ts";
import { makeSteps, readCarriedState, type ShellStep } from "./steps/carry.ts";
import { splitScript } from "./steps/split.ts";

/** Where a script and its state are seen inside; nothing of it stays in the image. */
const postFolder = "/.vial-post";

/** Runs %post, command by command where its shell's state can be carried from one to the next. */
export async function runPost(steps: StageSteps, script: PostScript): Promise<void> {
  const split = await splitScript(script.text, script.shell);
  const { reporter } = steps.session;
  if (split.kind === "whole") {
    reporter.warn(`%post is one step: ${split.reason}`);
    await runWhole(steps, script);
    return;
  }
  if (split.joined !== undefined)
    reporter.warn(`%post is one step from its line ${split.joined.from} on: ${split.joined.reason}`);
  const before = steps.mark();
  const commands = makeSteps(split.commands, {
    shell: script.shell,
    statePath: `${postFolder}/state`,
    ownProcesses: true,
  });
  let state = "";
  for (const [index, step] of commands.entries()) {
    state = await runStep(steps, script, step, `%post ${index + 1}/${commands.length}`, state);
    if (index === commands.length - 1) break;
    const carried = readCarriedState(state);
    if (carried.kind === "ended") break;
    if (carried.kind === "carried") continue;
    reporter.warn(postHindered(carried.reason));
    steps.goBack(before);
    await runWhole(steps, script);
    return;
  }
}

async function runStep(
  steps: StageSteps,
  script: PostScript,
  step: ShellStep,
  title: string,
  state: string,
): Promise<string> {
  const { command } = step;
  const where = rangeOf(steps, command.from, command.to);
  const first = command.text.trim().split("\n")[0] ?? "";
  const key = stepKey("post", {
    base: steps.root.key,
    shell: [...script.shell.command],
    text: command.text,
    environment: scriptEnvironment(steps),
    state,
    latest: steps.root.latest,
    network: steps.session.options.network,
  });
  const carried = await steps.step(`${title} ${first}`, where, key, async (space, running) => {
    const folder = scriptFolder(steps, step.text, state);
    await runScript(
      steps,
      space,
      running,
      [script.shell.command[0], `${postFolder}/script`],
      folder,
      command.text,
      where,
    );
    return readFileSync(`${folder}/state`, "utf8");
  });
  return carried ?? "";
}

async function runWhole(steps: StageSteps, script: PostScript): Promise<void> {
  const where = steps.stage.post?.range;
  const key = stepKey("post-whole", {
    base: steps.root.key,
    shell: [...script.shell.command],
    text: script.text,
    environment: scriptEnvironment(steps),
    latest: steps.root.latest,
    network: steps.session.options.network,
  });
  await steps.step("%post", where, key, async (space, running) => {
    const folder = scriptFolder(steps, script.text, "");
    await runScript(
      steps,
      space,
      running,
      [...script.shell.command, `${postFolder}/script`],
      folder,
      "%post",
      where,
    );
  });
}

function scriptFolder(steps: StageSteps, text: string, state: string): string {
  const folder = `${filesFolder(steps.session.worker)}/${crypto.randomUUID()}`;
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(`${folder}/script`, text);
  writeFileSync(`${folder}/state`, state);
  chmodSync(`${folder}/script`, 0o755);
  return folder;
}

async function runScript(
  steps: StageSteps,
  space: Workspace,
  running: RunningStep,
  command: readonly string[],
  folder: string,
  title: string,
  where: SourceRange | undefined,
): Promise<void> {
  const state = readFileSync(`${folder}/state`);
  await runProgram(steps.session, running, {
    space,
    // Apptainer builds with this umask.
    args: ["/bin/sh", "-c", 'umask 002; exec "$0" "$@"', ...command],
    env: scriptEnvironment(steps),
    cwd: "/",
    user: "",
    network: steps.session.options.network,
    mounts: [{ kind: "bind", source: folder, target: postFolder, readonly: false }],
    title: title.trim().split("\n")[0] ?? title,
    where,
    shell: command[0] ?? "/bin/sh",
    restart: () => writeFileSync(`${folder}/state`, state),
  });
}

function rangeOf(steps: StageSteps, from: number, to: number): SourceRange | undefined {
  const { post } = steps.stage;
  const [first, last] = [post?.lineNumbers[from - 1], post?.lineNumbers[to - 1]];
  if (post === undefined || first === undefined) return post?.range;
  return { file: post.range.file, from: first, to: last ?? first };
}
