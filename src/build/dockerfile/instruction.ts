import type { Branded } from "#spec";
import type { Heredoc } from "./heredoc.ts";
import type { RunMountText } from "./instruction/mount.ts";
import type { Pair, SourcePlace } from "./statement.ts";

/** The name of a stage, in lower case. Made by parseStageName() alone. */
export type StageName = Branded<string, "StageName">;

/** A command: words for the kernel, or a text for a shell. */
export type CommandLine =
  | { readonly kind: "exec"; readonly words: readonly string[] }
  | { readonly kind: "shell"; readonly text: string };

/** A file whose content stands in the recipe. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  /** Variables are put into it. */
  readonly expands: boolean;
}

export interface FromInstruction extends SourcePlace {
  readonly kind: "from";
  readonly image: string;
  readonly name?: StageName;
  /** The name as it was written. */
  readonly writtenName?: string;
  /** `AS` as it was written. */
  readonly asKeyword?: string;
  readonly platform?: string;
}

export interface RunInstruction extends SourcePlace {
  readonly kind: "run";
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly RunMountText[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
}

/** What COPY and ADD have in common. */
interface FileInstruction extends SourcePlace {
  readonly sources: readonly string[];
  readonly files: readonly InlineFile[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly excludes: readonly string[];
}

export interface CopyInstruction extends FileInstruction {
  readonly kind: "copy";
  /** A stage, an image or a named context. */
  readonly from?: string;
  readonly parents: boolean;
}

export interface AddInstruction extends FileInstruction {
  readonly kind: "add";
  readonly checksum?: string;
  readonly keepGitDir: boolean;
  /** Undefined: unpack local archives, keep remote ones. */
  readonly unpack?: boolean;
}

export interface EnvInstruction extends SourcePlace {
  readonly kind: "env";
  readonly pairs: readonly Pair[];
}

export interface LabelInstruction extends SourcePlace {
  readonly kind: "label";
  readonly pairs: readonly Pair[];
}

export interface ArgInstruction extends SourcePlace {
  readonly kind: "arg";
  readonly args: readonly { readonly name: string; readonly value?: string }[];
}

export interface WorkdirInstruction extends SourcePlace {
  readonly kind: "workdir";
  readonly path: string;
}

export interface UserInstruction extends SourcePlace {
  readonly kind: "user";
  readonly user: string;
}

export interface ExposeInstruction extends SourcePlace {
  readonly kind: "expose";
  readonly ports: readonly string[];
}

export interface VolumeInstruction extends SourcePlace {
  readonly kind: "volume";
  readonly paths: readonly string[];
}

export interface StopSignalInstruction extends SourcePlace {
  readonly kind: "stopsignal";
  readonly signal: string;
}

export interface ShellInstruction extends SourcePlace {
  readonly kind: "shell";
  readonly words: readonly string[];
}

/** Times are nanoseconds, as in the image config. Zero and undefined both mean the default. */
export type HealthcheckRule =
  | { readonly kind: "none" }
  | {
      readonly kind: "command";
      readonly command: CommandLine;
      readonly interval?: number;
      readonly timeout?: number;
      readonly startPeriod?: number;
      readonly startInterval?: number;
      readonly retries?: number;
    };

export interface HealthcheckInstruction extends SourcePlace {
  readonly kind: "healthcheck";
  readonly check: HealthcheckRule;
}

export interface OnbuildInstruction extends SourcePlace {
  readonly kind: "onbuild";
  /** What goes into the image's config, heredocs included. */
  readonly expression: string;
  readonly trigger: Instruction;
}

export interface EntrypointInstruction extends SourcePlace {
  readonly kind: "entrypoint";
  readonly command: CommandLine;
}

export interface CmdInstruction extends SourcePlace {
  readonly kind: "cmd";
  readonly command: CommandLine;
}

export interface MaintainerInstruction extends SourcePlace {
  readonly kind: "maintainer";
  readonly name: string;
}

/** One instruction of a Dockerfile. Variables are not put in yet; see expandInstruction(). */
export type Instruction =
  | FromInstruction
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ArgInstruction
  | WorkdirInstruction
  | UserInstruction
  | ExposeInstruction
  | VolumeInstruction
  | StopSignalInstruction
  | ShellInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | EntrypointInstruction
  | CmdInstruction
  | MaintainerInstruction;

/** What stands below a FROM. */
export type StageInstruction = Exclude<Instruction, FromInstruction>;
