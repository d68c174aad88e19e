import { readAccounts, resolveUser } from "#runtime";
import { type HistoryEntry, hostPlatform, type Platform, printPlatform } from "#spec";
import { parseChmod } from "../copy/chmod.ts";
import { digestSources } from "../copy/digest.ts";
import { performCopy } from "../copy/perform.ts";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { RootWriter } from "../copy/write.ts";
import { optionUnsupported } from "./error.ts";
import { located } from "../located.ts";
import { runProgram } from "../run-program.ts";
import type { BuiltStage, RootState, Session } from "../session.ts";
import { stepKey } from "../step-key.ts";
import { withRoot, type Workspace } from "../workspace.ts";
import { applyConfig, commandWords, type ConfigState } from "./apply-config.ts";
import { proxyArgs } from "./arguments.ts";
import { expandWord } from "./expand.ts";
import { expandInstruction } from "./expand-instruction.ts";
import { copyText, heredocsText, historyText } from "./history.ts";
import type {
  AddInstruction,
  CopyInstruction,
  RunInstruction,
  StageInstruction,
  WorkdirInstruction,
} from "./instruction.ts";
import { resolveMount } from "./instruction/resolve-mount.ts";
import { runScript } from "./instruction/run.ts";
import type { OpenTree, SourceOpener } from "./open-source.ts";
import { type RemoteSources, isRemote } from "./remote.ts";
import { mountKeys, type OpenSource, pipeFile, readyMounts } from "./run-mounts.ts";
import { destinationOf, absolutePath } from "./image-path.ts";
import {
  environmentOf,
  runEnvironment,
  type Scope,
  startScope,
  variablesOf,
  withArg,
  withEnv,
} from "./scope.ts";
import type { Stage, StageGraph } from "./stages.ts";
import { parseDockerfile } from "./parse.ts";

/** What a stage stands on. */
export type StageBase = Pick<BuiltStage, "root" | "base" | "layers" | "defaults" | "history" | "platform">;

/** Carries out the instructions of one stage, from the top to the bottom. */
export class StageBuilder {
  readonly #session: Session;
  readonly #graph: StageGraph;
  readonly #stage: Stage;
  readonly #openSource: SourceOpener;
  readonly #remote: RemoteSources;
  #root: RootState;
  #config: ConfigState;
  #scope: Scope;
  #history: HistoryEntry[];
  readonly #layers: BuiltStage["layers"][number][];
  readonly #base: StageBase;
  readonly #title: string;
  readonly #steps: number;
  #count = 0;
  #lastStep: number;

  constructor(options: {
    readonly session: Session;
    readonly graph: StageGraph;
    readonly stage: Stage;
    readonly base: StageBase;
    readonly baseStep: number;
    readonly openSource: SourceOpener;
    readonly remote: RemoteSources;
  }) {
    const { stage, base } = options;
    this.#session = options.session;
    this.#graph = options.graph;
    this.#stage = stage;
    this.#openSource = options.openSource;
    this.#remote = options.remote;
    this.#base = base;
    this.#root = base.root;
    this.#history = [...base.history];
    this.#layers = [...base.layers];
    const { OnBuild: _done, ...defaults } = base.defaults;
    this.#config = { defaults, hasOwnCmd: false };
    this.#scope = startScope(environmentOf(base.defaults));
    this.#title = options.graph.stages.length === 1 ? "" : `${stage.name ?? `stage-${stage.index}`} `;
    this.#lastStep = options.baseStep;
    this.#steps = this.#instructions().filter(isStep).length;
  }

  async build(): Promise<BuiltStage> {
    for (const instruction of this.#instructions()) {
      try {
        await this.#carryOut(instruction);
      } catch (error) {
        throw located(error, instruction.line, instruction.range);
      }
    }
    return {
      root: this.#root,
      base: this.#base.base,
      layers: this.#layers,
      defaults: this.#config.defaults,
      history: this.#history,
      platform: this.#base.platform,
      lastStep: this.#lastStep,
    };
  }

  /** What the base image left for those who build on it comes first. */
  #instructions(): readonly StageInstruction[] {
    const triggers = (this.#base.defaults.OnBuild ?? []).flatMap((text) => {
      const { instructions } = parseDockerfile(`FROM scratch\n${text}`, "ONBUILD of the base image");
      return instructions.slice(1) as readonly StageInstruction[];
    });
    return [...triggers, ...this.#stage.instructions];
  }

  async #carryOut(written: StageInstruction): Promise<void> {
    const { escape: escapeCharacter } = this.#graph.dockerfile.directives;
    if (written.kind === "arg") {
      const before = this.#scope.args;
      this.#scope = withArg(this.#scope, written, {
        given: this.#session.options.buildArgs,
        global: this.#graph.global,
        escape: escapeCharacter,
      });
      const names = written.args.map(({ name }) => {
        const value = this.#scope.args.get(name);
        return value === undefined || before.get(name) === value ? name : `${name}=${value}`;
      });
      this.#note(`ARG ${names.join(" ")}`);
      return;
    }
    const instruction = expandInstruction(written, variablesOf(this.#scope), escapeCharacter);
    switch (instruction.kind) {
      case "run":
        return await this.#run(instruction);
      case "copy":
      case "add":
        return await this.#copy(instruction);
      case "workdir":
        return await this.#workdir(instruction);
      default: {
        const changed = applyConfig(this.#config, instruction);
        if (changed !== undefined) this.#config = changed;
        if (written.kind === "env") this.#scope = withEnv(this.#scope, written, escapeCharacter);
        this.#note(
          historyText(instruction, this.#config.defaults),
          instruction.kind === "maintainer" ? instruction.name : undefined,
        );
      }
    }
  }

  /** An entry of the history without a layer. */
  #note(text: string, author?: string): void {
    this.#history.push({
      created_by: text,
      ...(author === undefined ? {} : { author }),
      comment: historyForm,
      empty_layer: true,
    });
  }

  async #step(
    instruction: StageInstruction,
    key: string,
    text: string,
    act: Parameters<Session["step"]>[3],
    options: { readonly needs?: readonly number[]; readonly alone?: boolean } = {},
  ): Promise<void> {
    this.#count++;
    const info = {
      title: `[${this.#title}${this.#count}/${this.#steps}] ${instruction.line}`,
      where: instruction.range,
      ...(this.#stage.name === undefined ? {} : { stage: this.#stage.name as string }),
      needs: [this.#lastStep, ...(options.needs ?? [])].filter((number) => number > 0),
    };
    const done = await this.#session.step(
      this.#root,
      info,
      key,
      act,
      options.alone === true ? { onBase: [] } : {},
    );
    this.#root =
      options.alone === true
        ? { ...done.root, key: stepKey("linked", { base: this.#root.key, key }) }
        : done.root;
    this.#lastStep = done.number;
    if (done.layer === null) this.#note(text);
    else {
      this.#layers.push(done.layer);
      this.#history.push({ created_by: text, comment: historyForm });
    }
  }

  // RUN

  async #run(instruction: RunInstruction): Promise<void> {
    if (instruction.security === "insecure")
      throw optionUnsupported(
        "RUN --security=insecure",
        "a recipe may not take all privileges by itself",
        "leave the flag out",
        instruction.range,
      );
    const { defaults } = this.#config;
    const { escape: escapeCharacter } = this.#graph.dockerfile.directives;
    const expand = (text: string) =>
      expandWord(text, variablesOf(this.#scope), escapeCharacter, instruction.range);
    const mounts = instruction.mounts.map((mount) => resolveMount(mount, expand, instruction.range));
    const script = runScript(instruction);
    const args = script.kind === "file" ? [`/dev/pipes/${script.name}`] : commandWords(script, defaults);
    const env = runEnvironment(defaults, this.#scope, this.#root.latest);
    const network = instruction.network === "default" ? this.#session.options.network : instruction.network;
    const cwd = defaults.WorkingDir || "/";
    const user = defaults.User ?? "";
    const opened: OpenTree[] = [];
    const open: OpenSource = async (from) => {
      const tree = await this.#openSource(this.#stage, from, instruction.range);
      opened.push(tree);
      return tree;
    };
    try {
      const key = stepKey("run", {
        base: this.#root.key,
        args,
        file: script.kind === "file" ? script.content : null,
        env,
        cwd,
        user,
        network,
        mounts: await mountKeys(mounts, open, instruction.range),
        latest: this.#root.latest,
        hosts: this.#session.options.extraHosts,
        platform: foreignPlatform(this.#base.platform),
      });
      const declared = [...this.#scope.args].map(([name, value]) => `${name}=${value}`);
      const prefix = declared.length === 0 ? "" : `|${declared.length} ${declared.join(" ")} `;
      const text = `RUN ${prefix}${script.kind === "file" ? heredocsText(instruction) : args.join(" ")} # buildkit`;
      await this.#step(
        instruction,
        key,
        text,
        async (space, step) => {
          using ready = await readyMounts(this.#session, mounts, open, {
            latest: this.#root.latest,
            where: instruction.range,
          });
          const file = script.kind === "file" ? [pipeFile(this.#session, script.name, script.content)] : [];
          const proxies = proxyArgs.flatMap((name) => {
            const value = this.#session.options.buildArgs.get(name);
            return value === undefined ? [] : [`${name}=${value}`];
          });
          await runProgram(this.#session, step, {
            space,
            args,
            env: [...env, ...proxies, ...ready.env],
            holdsSecret: ready.holdsSecret,
            cwd,
            user,
            network,
            mounts: [...ready.mounts, ...file],
            title: instruction.line,
            where: instruction.range,
            shell: defaults.Shell?.[0] ?? "/bin/sh",
          });
        },
        { needs: opened.flatMap((tree) => tree.step ?? []) },
      );
    } finally {
      for (const tree of opened) tree.close();
    }
  }

  // COPY and ADD

  async #copy(instruction: CopyInstruction | AddInstruction): Promise<void> {
    const from = instruction.kind === "copy" ? instruction.from : undefined;
    const { range } = instruction;
    const remote =
      instruction.kind === "add"
        ? await this.#remote.fetch(instruction, this.#session.options.signal)
        : undefined;
    const local = instruction.sources.filter((source) => instruction.kind === "copy" || !isRemote(source));
    const needsTree = local.length > 0;
    let tree: OpenTree | undefined;
    try {
      tree = needsTree ? await this.#openSource(this.#stage, from, range) : undefined;
      const destination = destinationOf(instruction.destination, this.#config.defaults.WorkingDir);
      const work: { readonly tree: SourceTree; readonly sources: ReturnType<typeof selectSources> }[] = [];
      if (tree !== undefined)
        work.push({
          tree,
          sources: selectSources(
            tree,
            local,
            { excludes: instruction.excludes, parents: instruction.kind === "copy" && instruction.parents },
            range,
          ),
        });
      for (const one of remote ?? [])
        work.push({
          tree: one,
          sources: selectSources(one, [one.isFolder ? "/" : "*"], { excludes: [], parents: false }, range),
        });
      const contents = work.map((one) => digestSources(one.tree, one.sources));
      const parts = {
        contents,
        files: instruction.files.map(({ name, content }) => [name, content]),
        destination,
        owner: instruction.chown ?? "",
        mode: instruction.chmod ?? "",
        parents: instruction.kind === "copy" && instruction.parents,
        unpack: instruction.kind === "add" && instruction.unpack !== false,
        latest: this.#root.latest,
      };
      const alone = instruction.link;
      const key = stepKey(alone ? "copy-link" : "copy", alone ? parts : { base: this.#root.key, ...parts });
      const mode = instruction.chmod === undefined ? undefined : parseChmod(instruction.chmod, range);
      await this.#step(
        instruction,
        key,
        copyText(instruction),
        async (space) => {
          const owner =
            instruction.chown === undefined
              ? undefined
              : await this.#ownerOf(instruction.chown, alone ? undefined : space);
          const ownership = {
            ...(owner === undefined ? {} : { owner }),
            ...(mode === undefined ? {} : { mode }),
            time: this.#root.latest,
          };
          const rest = { destination, ownership, parents: parts.parents, where: range };
          for (const { tree: source, sources } of work)
            await performCopy(space.rootfs, {
              ...rest,
              tree: source,
              sources,
              files: [],
              unpack: parts.unpack && source === tree,
            });
          if (instruction.files.length > 0)
            await performCopy(space.rootfs, {
              ...rest,
              tree: { root: "/", form: "plain", title: "the recipe" },
              sources: [],
              files: instruction.files,
              unpack: false,
            });
        },
        { needs: tree?.step === undefined ? [] : [tree.step], alone },
      );
    } finally {
      tree?.close();
      for (const one of remote ?? []) one.close();
    }
  }

  /** Names are looked up in the files of the image itself. */
  async #ownerOf(
    text: string,
    space: Workspace | undefined,
  ): Promise<{ readonly uid: number; readonly gid: number }> {
    const find = (rootfs: string) => {
      const { uid, gid } = resolveUser(text, readAccounts(rootfs));
      // `--chown=1000` gives the group 1000 as well, unlike USER.
      return { uid, gid: text.includes(":") ? gid : /^\d+$/.test(text) ? uid : gid };
    };
    if (space !== undefined) return find(space.rootfs);
    return await withRoot(this.#session.worker, this.#root.layers, find);
  }

  // WORKDIR

  async #workdir(instruction: WorkdirInstruction): Promise<void> {
    const path = absolutePath(instruction.path, this.#config.defaults.WorkingDir);
    const user = this.#config.defaults.User ?? "";
    this.#config = { ...this.#config, defaults: { ...this.#config.defaults, WorkingDir: path } };
    const key = stepKey("workdir", { base: this.#root.key, path, user, latest: this.#root.latest });
    await this.#step(instruction, key, `WORKDIR ${path}`, (space) => {
      const { uid, gid } = resolveUser(user, readAccounts(space.rootfs));
      using writer = new RootWriter(
        space.rootfs,
        { owner: { uid, gid }, time: this.#root.latest },
        instruction.range,
      );
      writer.makeFolders(Buffer.from(path).toString("latin1"));
      writer.finish();
    });
  }
}

/** Undefined for this machine's own: what was built without a word about it is the same. */
function foreignPlatform(platform: Platform): string | undefined {
  const text = printPlatform(platform);
  return text === printPlatform(hostPlatform()) ? undefined : text;
}

const historyForm = "buildkit.dockerfile.v0";

function isStep(instruction: StageInstruction): boolean {
  return ["run", "copy", "add", "workdir"].includes(instruction.kind);
}
