import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { busyboxApplets, findProgram, runHostScript } from "#host";
import type { HistoryEntry, SourceRange } from "#spec";
import { hostPlatform } from "#spec";
import { digestSources } from "../copy/digest.ts";
import { performCopy } from "../copy/perform.ts";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { baseOf } from "../base-state.ts";
import { baseUnknown } from "../error.ts";
import { runProgram } from "../run-program.ts";
import { located } from "../located.ts";
import type { BuiltStage, RootState, Session, StepEnd } from "../session.ts";
import { stepKey } from "../step-key.ts";
import { filesFolder, openRootTree, withRoot, type Workspace } from "../workspace.ts";
import { agentNotYet, hostScriptFailed, postHindered } from "./error.ts";
import type { DeffileOptions } from "./build.ts";
import type { Deffile, DeffileStage } from "./deffile.ts";
import type { FilePair } from "./file-pair.ts";
import { buildLabels, mergeLabels } from "./image/label-file.ts";
import { finishSingularityFiles, prepareSingularityFiles } from "./image/singularity-files.ts";
import { readLabels } from "./label.ts";
import { type PostScript, postScripts } from "./post.ts";
import { putEntries, readInside, removeInside } from "./put-entries.ts";
import type { Script } from "./script.ts";
import { makeSteps, readCarriedState, type ShellStep } from "./steps/carry.ts";
import { splitScript } from "./steps/split.ts";

const environmentFile = "/.singularity.d/env/91-environment.sh";
const labelsFile = "/.build.labels";
/** Where a script and its state are seen inside; nothing of it stays in the image. */
const postFolder = "/.vial-post";
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Carries out one stage of a definition file, in the order in which Apptainer does. */
export class DeffileStageBuilder {
  readonly #session: Session;
  readonly #deffile: Deffile;
  readonly #stage: DeffileStage;
  readonly #earlier: readonly BuiltStage[];
  readonly #options: DeffileOptions;
  readonly #layers: BuiltStage["layers"][number][] = [];
  readonly #history: HistoryEntry[] = [];
  #root: RootState = { key: stepKey("scratch", {}), layers: [], latest: 0 };
  #base: BuiltStage["base"];
  #lastStep = 0;

  constructor(given: {
    readonly session: Session;
    readonly deffile: Deffile;
    readonly stage: DeffileStage;
    readonly earlier: readonly BuiltStage[];
    readonly options: DeffileOptions;
  }) {
    this.#session = given.session;
    this.#deffile = given.deffile;
    this.#stage = given.stage;
    this.#earlier = given.earlier;
    this.#options = given.options;
  }

  async build(): Promise<BuiltStage> {
    const stage = this.#stage;
    if (stage.pre !== undefined) await this.#hostScript("%pre", stage.pre, undefined);
    await this.#bootstrap();
    const config = this.#base?.config.config ?? undefined;
    await this.#entries(
      "prepare /.singularity.d",
      prepareSingularityFiles(stage, config ?? undefined),
      stage.range,
    );
    for (const app of stage.apps)
      for (const pair of app.files) await this.#hostFiles([pair], `/scif/apps/${app.name}/`, pair.range);
    for (const copy of stage.files)
      if (copy.from !== undefined)
        await this.#stageFiles(copy.from.index, copy.from.name, copy.pairs, copy.range);
    if (stage.setup !== undefined) await this.#setup(stage.setup);
    for (const copy of stage.files)
      if (copy.from === undefined) await this.#hostFiles(copy.pairs, undefined, copy.range);
    for (const script of postScripts(stage)) await this.#post(script);
    const labels = await this.#finish();
    if (this.#options.runsTests && stage.test !== undefined) await this.#test(stage.test);
    const base = config ?? {};
    return {
      root: this.#root,
      base: this.#base,
      layers: this.#layers,
      defaults: {
        ...base,
        Env: base.Env ?? [defaultPath],
        // An OCI runtime runs it as Singularity does: the environment first, then the runscript.
        Entrypoint: ["/.singularity.d/actions/run"],
        Cmd: null,
        WorkingDir: "/",
        Labels: { ...base.Labels, ...Object.fromEntries(labels) },
      },
      history: this.#history,
      platform: this.#session.options.platform ?? hostPlatform(),
      lastStep: this.#lastStep,
    };
  }

  // The base

  async #bootstrap(): Promise<void> {
    const { bootstrap } = this.#stage;
    const { worker, options, reporter } = this.#session;
    const where = this.#stage.range;
    switch (bootstrap.kind) {
      case "scratch":
        this.#root = { ...this.#root, latest: options.epoch ?? 0 };
        return;
      case "docker":
      case "oci":
      case "oci-archive":
      case "docker-archive":
      case "debootstrap": {
        const name =
          bootstrap.kind === "docker"
            ? bootstrap.reference
            : bootstrap.kind === "debootstrap"
              ? bootstrap.suite
              : bootstrap.path;
        const step = reporter.begin({
          title: `${this.#title()}Bootstrap: ${bootstrap.kind} ${name}`,
          where: headOf(where),
          needs: [],
        });
        this.#lastStep = step.info.number;
        try {
          const image =
            bootstrap.kind === "docker"
              ? await worker.resolveImage(bootstrap.reference, options.platform)
              : bootstrap.kind === "debootstrap"
                ? await worker.bootstrapImage(
                    bootstrap,
                    (line) => step.output(Buffer.from(`${line}\n`)),
                    options.noCache,
                  )
                : await worker.loadImage(bootstrap.path, "tag" in bootstrap ? bootstrap.tag : undefined);
          step.done();
          const state = baseOf(image, options.epoch);
          this.#root = state.root;
          this.#base = state.base;
        } catch (error) {
          step.failed();
          throw baseUnknown(name, undefined, error, headOf(where));
        }
        return;
      }
      case "localimage": {
        const tree: SourceTree = {
          root: bootstrap.path,
          form: "whole",
          title: `the folder "${bootstrap.path}"`,
        };
        if (statSync(bootstrap.path, { throwIfNoEntry: false })?.isDirectory() !== true)
          throw agentNotYet("localimage", "images in one file (SIF) are not read yet", headOf(where));
        await this.#copy(`Bootstrap: localimage ${bootstrap.path}`, tree, ["/"], "/", headOf(where), true);
        return;
      }
      case "busybox": {
        const program = findProgram("busybox");
        if (program === undefined || bootstrap.mirror !== undefined)
          throw agentNotYet(
            "busybox",
            bootstrap.mirror === undefined
              ? "this machine has no busybox"
              : "a program of another machine is not fetched",
            headOf(where),
          );
        const digest = new Bun.CryptoHasher("sha256").update(readFileSync(program)).digest("hex");
        const tree: SourceTree = { root: "/", form: "plain", title: "this machine", links: "follow" };
        const sources = selectSources(tree, [program], { excludes: [], parents: false }, undefined);
        const applets = busyboxApplets(program);
        await this.#step(
          "Bootstrap: busybox",
          headOf(where),
          stepKey("busybox", { digest, applets }),
          async (space) => {
            await performCopy(space.rootfs, {
              tree,
              sources,
              files: [],
              destination: "/bin/busybox",
              parents: false,
              unpack: false,
              ownership: { time: this.#root.latest },
              where: headOf(where),
            });
            const links = applets.map(
              (name) => ({ kind: "link", path: `/bin/${name}`, target: "busybox" }) as const,
            );
            putEntries(space.rootfs, links, this.#root.latest);
          },
        );
        return;
      }
      case "oras":
        throw agentNotYet("oras", "images in one file (SIF) are not read yet", headOf(where));
      default:
        bootstrap satisfies never;
    }
  }

  // Steps that change the root

  #title(): string {
    if (this.#deffile.stages.length === 1) return "";
    return `[${this.#stage.name ?? this.#stage.index}] `;
  }

  async #step(
    title: string,
    where: SourceRange | undefined,
    key: string,
    act: Parameters<Session["step"]>[3],
    options: { readonly always?: boolean } = {},
  ): Promise<string | undefined> {
    const info = {
      title: `${this.#title()}${title}`,
      ...(where === undefined ? {} : { where }),
      needs: this.#lastStep > 0 ? [this.#lastStep] : [],
    };
    let done: StepEnd;
    try {
      done = await this.#session.step(this.#root, info, key, act, options);
    } catch (error) {
      throw located(error, title, where);
    }
    this.#root = done.root;
    this.#lastStep = done.number;
    if (done.layer === null) this.#history.push({ created_by: title, empty_layer: true });
    else {
      this.#layers.push(done.layer);
      this.#history.push({ created_by: title });
    }
    return done.carried;
  }

  async #entries(
    title: string,
    entries: Parameters<typeof putEntries>[1],
    where: SourceRange,
  ): Promise<void> {
    const key = stepKey("entries", {
      base: this.#root.key,
      entries: entries.map((entry) => ({ ...entry })),
      latest: this.#root.latest,
    });
    await this.#step(title, headOf(where), key, (space) =>
      putEntries(space.rootfs, entries, this.#root.latest),
    );
  }

  // %files

  async #hostFiles(pairs: readonly FilePair[], below: string | undefined, where: SourceRange): Promise<void> {
    const tree: SourceTree = { root: "/", form: "plain", title: "this machine", links: "follow" };
    for (const { source, destination, range } of pairs) {
      const path = source.startsWith("/") ? source : `${this.#options.folder}/${source}`;
      const target = destination ?? source;
      const inside = target.startsWith("/") ? target : `/${target}`;
      await this.#copy(
        `%files ${source}${destination === undefined ? "" : ` ${destination}`}`,
        tree,
        [path],
        below === undefined ? inside : `${below}${target}`,
        range ?? where,
        false,
      );
    }
  }

  async #stageFiles(
    index: number,
    name: string,
    pairs: readonly FilePair[],
    where: SourceRange,
  ): Promise<void> {
    const built = this.#earlier[index]!;
    const mounted = await openRootTree(this.#session.worker, built.root.layers);
    try {
      const tree: SourceTree = { root: mounted.path, form: "whole", title: `the stage "${name}"` };
      for (const { source, destination, range } of pairs)
        await this.#copy(
          `%files from ${name}: ${source}`,
          tree,
          [source],
          destination ?? source,
          range ?? where,
          false,
        );
    } finally {
      mounted.close();
    }
  }

  async #copy(
    title: string,
    tree: SourceTree,
    sources: readonly string[],
    destination: string,
    where: SourceRange,
    contents: boolean,
  ): Promise<void> {
    let selected: ReturnType<typeof selectSources>;
    let content: string;
    try {
      selected = selectSources(tree, sources, { excludes: [], parents: false }, where);
      content = digestSources(tree, selected);
    } catch (error) {
      throw located(error, title, where);
    }
    const key = stepKey("files", {
      base: this.#root.key,
      content,
      destination,
      contents,
      latest: this.#root.latest,
    });
    await this.#step(title, where, key, (space) =>
      performCopy(space.rootfs, {
        tree,
        sources: selected,
        files: [],
        destination: destination.startsWith("/") ? destination : `/${destination}`,
        parents: false,
        unpack: false,
        folders: contents ? "contents" : "whole",
        ownership: { time: this.#root.latest },
        where,
      }),
    );
  }

  // Scripts on the host

  async #hostScript(name: string, script: Script, rootfs: string | undefined): Promise<void> {
    const { signal } = this.#session.options;
    const words = script.arguments.trim().replace(/^-c\s+/, "");
    const shell = /^-c\s/.test(script.arguments.trim()) ? words.split(/\s+/) : ["/bin/sh", "-ex"];
    const end = await runHostScript(shell, script.text, {
      cwd: this.#options.folder,
      env: rootfs === undefined ? {} : { APPTAINER_ROOTFS: rootfs, SINGULARITY_ROOTFS: rootfs },
      signal,
    });
    if (end.exitCode !== 0) throw hostScriptFailed(name, end.exitCode, end.output, script.range);
  }

  /** It may do anything on this machine, so it is never taken from the cache; what it made is what counts. */
  async #setup(script: Script): Promise<void> {
    const before = this.#root;
    const key = stepKey("setup", { base: before.key, text: script.text, latest: before.latest });
    await this.#step(
      "%setup",
      script.range,
      key,
      (space) => this.#hostScript("%setup", script, space.rootfs),
      {
        always: true,
      },
    );
    const made = this.#root.layers.length > before.layers.length ? this.#root.layers.at(-1) : undefined;
    this.#root = {
      ...this.#root,
      key: stepKey("setup-result", { base: before.key, layer: made?.diffId ?? null }),
    };
  }

  // %post

  async #post(script: PostScript): Promise<void> {
    const split = await splitScript(script.text, script.shell);
    const { reporter } = this.#session;
    if (split.kind === "whole") {
      reporter.warn(`%post is one step: ${split.reason}`);
      await this.#postWhole(script);
      return;
    }
    if (split.joined !== undefined)
      reporter.warn(`%post is one step from its line ${split.joined.from} on: ${split.joined.reason}`);
    const before = this.#root;
    const marks = { layers: this.#layers.length, history: this.#history.length };
    const steps = makeSteps(split.commands, {
      shell: script.shell,
      statePath: `${postFolder}/state`,
      ownProcesses: true,
    });
    let state = "";
    for (const [index, step] of steps.entries()) {
      state = await this.#postStep(script, step, `%post ${index + 1}/${steps.length}`, state);
      if (index === steps.length - 1) break;
      const carried = readCarriedState(state);
      if (carried.kind === "ended") break;
      if (carried.kind === "carried") continue;
      reporter.warn(postHindered(carried.reason));
      this.#root = before;
      this.#layers.length = marks.layers;
      this.#history.length = marks.history;
      await this.#postWhole(script);
      return;
    }
  }

  async #postStep(script: PostScript, step: ShellStep, title: string, state: string): Promise<string> {
    const { command } = step;
    const where = this.#rangeOfPost(command.from, command.to);
    const first = command.text.trim().split("\n")[0] ?? "";
    const key = stepKey("post", {
      base: this.#root.key,
      shell: [...script.shell.command],
      text: command.text,
      environment: this.#postEnvironment(),
      state,
      latest: this.#root.latest,
      network: this.#session.options.network,
    });
    const carried = await this.#step(`${title} ${first}`, where, key, async (space, running) => {
      const folder = this.#scriptFolder(step.text, state);
      await this.#runScript(
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

  async #postWhole(script: PostScript): Promise<void> {
    const where = this.#stage.post?.range;
    const key = stepKey("post-whole", {
      base: this.#root.key,
      shell: [...script.shell.command],
      text: script.text,
      environment: this.#postEnvironment(),
      latest: this.#root.latest,
      network: this.#session.options.network,
    });
    await this.#step("%post", where, key, async (space, running) => {
      const folder = this.#scriptFolder(script.text, "");
      await this.#runScript(
        space,
        running,
        [...script.shell.command, `${postFolder}/script`],
        folder,
        "%post",
        where,
      );
    });
  }

  #scriptFolder(text: string, state: string): string {
    const folder = `${filesFolder(this.#session.worker)}/${crypto.randomUUID()}`;
    mkdirSync(folder, { mode: 0o755 });
    writeFileSync(`${folder}/script`, text);
    writeFileSync(`${folder}/state`, state);
    chmodSync(`${folder}/script`, 0o755);
    return folder;
  }

  async #runScript(
    space: Workspace,
    running: Parameters<Parameters<Session["step"]>[3]>[1],
    command: readonly string[],
    folder: string,
    title: string,
    where: SourceRange | undefined,
  ): Promise<void> {
    const state = readFileSync(`${folder}/state`);
    await runProgram(this.#session, running, {
      rootfs: space.rootfs,
      // Apptainer builds with this umask.
      args: ["/bin/sh", "-c", 'umask 002; exec "$0" "$@"', ...command],
      env: this.#postEnvironment(),
      cwd: "/",
      user: "",
      network: this.#session.options.network === "none" ? "none" : "host",
      privileged: false,
      mounts: [{ kind: "bind", source: folder, target: postFolder, readonly: false }],
      title: title.trim().split("\n")[0] ?? title,
      where,
      shell: command[0] ?? "/bin/sh",
      restart: () => {
        space.restart();
        writeFileSync(`${folder}/state`, state);
      },
    });
  }

  #postEnvironment(): readonly string[] {
    const own = this.#base?.config.config?.Env ?? [];
    const path = own.find((entry) => entry.startsWith("PATH="));
    return [
      path ?? defaultPath,
      "HOME=/root",
      ...own.filter((entry) => !entry.startsWith("PATH=")),
      `APPTAINER_ENVIRONMENT=${environmentFile}`,
      `SINGULARITY_ENVIRONMENT=${environmentFile}`,
      `APPTAINER_LABELS=${labelsFile}`,
      `SINGULARITY_LABELS=${labelsFile}`,
      `SOURCE_DATE_EPOCH=${this.#root.latest}`,
    ];
  }

  #rangeOfPost(from: number, to: number): SourceRange | undefined {
    const { post } = this.#stage;
    const [first, last] = [post?.lineNumbers[from - 1], post?.lineNumbers[to - 1]];
    if (post === undefined || first === undefined) return post?.range;
    return { file: post.range.file, from: first, to: last ?? first };
  }

  // Metadata and %test

  async #finish(): Promise<ReadonlyMap<string, string>> {
    const stage = this.#stage;
    const { worker, options, reporter } = this.#session;
    const found = await withRoot(worker, this.#root.layers, (rootfs) => ({
      labels: readInside(rootfs, "/.singularity.d/labels.json"),
      build: readInside(rootfs, labelsFile),
      definition: readInside(rootfs, "/.singularity.d/Singularity"),
      earlier: [0, 1, 2, 3, 4, 5, 6, 7].flatMap(
        (number) => readInside(rootfs, `/.singularity.d/bootstrap_history/Apptainer${number}`) ?? [],
      ),
    }));
    const date = new Date((options.epoch ?? this.#root.latest) * 1000);
    const built = buildLabels(
      stage.header,
      { architecture: hostPlatform().architecture, date },
      stage.help !== undefined,
    );
    const written = readLabels((found.build ?? "").split("\n").map((text) => ({ text })));
    const own = new Map([...stage.labels, ...written]);
    const { labels, kept } = mergeLabels(jsonLabels(found.labels), own, { force: this.#options.force });
    for (const name of kept)
      reporter.warn(`the label "${name}" of the base stays: give --force to replace it`);
    const all = new Map([...labels, ...built]);
    const entries = finishSingularityFiles({
      stage,
      definition: this.#deffile.definition,
      labels: all,
      history: found.definition === undefined ? found.earlier : [...found.earlier, found.definition],
      force: this.#options.force,
    });
    const key = stepKey("finish", {
      base: this.#root.key,
      entries: entries.map((entry) => ({ ...entry })),
      latest: this.#root.latest,
    });
    await this.#step("metadata", headOf(stage.range), key, (space) => {
      putEntries(space.rootfs, entries, this.#root.latest);
      removeInside(space.rootfs, labelsFile);
    });
    return all;
  }

  /** In the image as it is, and what it changes is forgotten. */
  async #test(script: Script): Promise<void> {
    const key = stepKey("test", { base: this.#root.key, latest: this.#root.latest });
    const before = this.#root;
    await this.#session.step(
      this.#root,
      { title: `${this.#title()}%test`, where: script.range, needs: [this.#lastStep] },
      key,
      async (space, running) => {
        await runProgram(this.#session, running, {
          rootfs: space.rootfs,
          args: ["/.singularity.d/actions/test"],
          env: this.#postEnvironment(),
          cwd: "/",
          user: "",
          network: this.#session.options.network === "none" ? "none" : "host",
          privileged: false,
          mounts: [],
          title: "%test",
          where: script.range,
          shell: "/bin/sh",
          restart: () => space.restart(),
        });
      },
    );
    this.#root = before;
  }
}

function jsonLabels(text: string | undefined): ReadonlyMap<string, string> {
  try {
    const labels = JSON.parse(text ?? "{}") as Record<string, unknown>;
    return new Map(Object.entries(labels).map(([key, value]) => [key, String(value)]));
  } catch {
    return new Map();
  }
}

/** The first line alone: the error is about the header. */
function headOf(where: SourceRange): SourceRange {
  return { ...where, to: where.from };
}
