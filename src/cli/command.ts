import type { Flags } from "./parse.ts";

/** One flag of a command, in pflag's terms, because people script against Docker's flag grammar. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** `bool` needs no value; `list` may be given more than once. */
  readonly kind: "bool" | "string" | "list";
  /** Placeholder in the help text: "bytes", "uid[:gid]". */
  readonly value?: string;
  /** The value when the flag is given without one (pflag's NoOptDefVal). */
  readonly implied?: string;
  /** One line, capital first, no full stop. */
  readonly help: string;
}

/** One verb. The file `command/VERB.ts` gives it out as `command`, and main.ts imports that file only when it is called. */
export interface Command {
  readonly name: string;
  /** What follows the name: "[OPTIONS] IMAGE [COMMAND] [ARG...]". */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Command lines that can be pasted, for the end of the help. */
  readonly examples?: readonly string[];
  /** False: flags end at the first argument (run, exec), so that the program's own flags pass. Default true. */
  readonly interspersed?: boolean;
  /** Fewest and most arguments. */
  readonly args: readonly [min: number, max: number];
  /**
   * The exit code when the command fails with an error, in place of the one of the error's kind:
   * run, exec, create and start keep Docker's 125 (126, 127), because other codes are the program's own.
   */
  readonly failureCode?: number | ((error: unknown) => number);
  /**
   * An ordinary user's call is made again as root of the user's own user namespace, for it touches files of sub-ids. `range`:
   * it is refused to a user who has none; `any`: it goes on with his one id.
   */
  readonly mapped?: "range" | "any";
  /**
   * A mapped command: the container whose root it looks into or whose namespaces it joins. While that runs, its user
   * namespace is entered, not a new one, for the kernel lets nobody else near.
   */
  meets?(flags: Flags, args: readonly string[]): string | undefined;
  /** `hpc`: its start may need namespaces that Vial has to be started anew for (hpc/form.ts tells). */
  readonly profile?: "hpc";
  /** Gives the exit code. */
  run(flags: Flags, args: readonly string[]): number | Promise<number>;
}
