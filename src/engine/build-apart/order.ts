import type { BuildEvent } from "#build";
import type { Credential, TransferProgress } from "#registry";
import type { Resources, Ulimit } from "#runtime";
import type { ErrorKind, SourceRange } from "#spec";

// What passes between a server and the process of one build: an order as one line of JSON, behind which the context comes,
// and the other way a line of JSON for each thing that happens. A build enters mount namespaces, changes the umask and runs
// for minutes: in the server's own process it would touch everything else that the server does.

export interface BuildOrder {
  /** The recipe's path in the context. */
  readonly recipe: string;
  readonly context:
    | { readonly kind: "archive" }
    | { readonly kind: "git"; readonly url: string }
    | { readonly kind: "address"; readonly url: string };
  /** References in full. */
  readonly names: readonly string[];
  readonly buildArgs: readonly (readonly [name: string, value: string])[];
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly network: "default" | "none" | "host";
  readonly extraHosts: readonly string[];
  readonly shmSize?: number | undefined;
  readonly cacheFrom: readonly string[];
  readonly resources: Resources;
  readonly ulimits: readonly Ulimit[];
  /** By host. */
  readonly credentials: readonly (readonly [host: string, credential: Credential])[];
}

/** An instruction of the recipe, in the order of the file. */
export interface PlannedInstruction {
  readonly line: number;
  readonly text: string;
  /** Counts from 0; -1 before the first FROM. */
  readonly stage: number;
}

/** An error on its way to another process. */
export interface PrintedError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly what: string;
  readonly why?: string | undefined;
  readonly where?: SourceRange | undefined;
  readonly cause?: PrintedError | undefined;
}

export type BuildLine =
  | { readonly kind: "planned"; readonly instructions: readonly PlannedInstruction[] }
  | BuildEvent
  | { readonly kind: "transfer"; readonly event: TransferProgress }
  | { readonly kind: "built"; readonly id: string }
  | { readonly kind: "refused"; readonly error: PrintedError };
