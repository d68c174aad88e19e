import type { BuildLine, PlannedInstruction } from "#engine";
import { isVialError, parseReference, type VialError } from "#spec";
import { pullFault } from "./image-phrases.ts";
import { errorMessage, type Message, type Messages } from "./message-stream.ts";
import { DockerAnswer } from "./phrases.ts";
import { transferReporter } from "./transfer-messages.ts";

type Line = Exclude<BuildLine, { kind: "built" | "refused" }>;

/**
 * A build in the words of Docker's classic builder. That one goes through the recipe from top to bottom; Vial leaves out
 * stages that nobody needs and does independent ones side by side, so the numbers of steps may leave gaps.
 */
export class BuildMessages {
  readonly #messages: Messages;
  readonly #transfer: (event: Extract<Line, { kind: "transfer" }>["event"]) => void;
  #planned: readonly PlannedInstruction[] = [];
  readonly #told = new Set<number>();

  constructor(messages: Messages) {
    this.#messages = messages;
    this.#transfer = transferReporter(messages, "pull");
  }

  report(line: Line): void {
    switch (line.kind) {
      case "planned":
        this.#planned = line.instructions;
        return;
      case "begun":
        this.#begin(line.step.where?.from, line.step.title);
        return;
      case "output":
        this.#stream(`${line.line}\n`);
        return;
      case "cached":
        this.#stream(" ---> Using cache\n");
        return;
      case "warning":
        this.#stream(` ---> [Warning] ${line.sentence}\n`);
        return;
      case "transfer":
        this.#transfer(line.event);
        return;
      case "done":
      case "failed":
        return;
      default:
        line satisfies never;
    }
  }

  finish(id: string, names: readonly string[]): void {
    const stages = new Set([...this.#told].map((index) => this.#planned[index]?.stage));
    this.#planned.forEach(({ stage }, index) => {
      if (stages.has(stage)) this.#tell(index);
    });
    this.#messages.say({ aux: { ID: id } });
    this.#stream(`Successfully built ${id.slice(7, 19)}\n`);
    for (const name of names) this.#stream(`Successfully tagged ${name}\n`);
  }

  /** The instructions above it in its stage that only change settings were no steps of their own. */
  #begin(line: number | undefined, title: string): void {
    const index = this.#planned.findIndex((instruction) => instruction.line === line);
    const own = this.#planned[index];
    if (own === undefined) {
      this.#stream(`${title}\n`);
      return;
    }
    this.#planned.slice(0, index).forEach(({ stage }, before) => {
      if (stage === own.stage || stage < 0) this.#tell(before);
    });
    this.#tell(index);
  }

  #tell(index: number): void {
    if (this.#told.has(index)) return;
    this.#told.add(index);
    this.#stream(`Step ${index + 1}/${this.#planned.length} : ${this.#planned[index]?.text}\n`);
  }

  #stream(stream: string): void {
    this.#messages.say({ stream });
  }

  /** The last line of a build that failed. */
  failure(error: unknown): Message {
    const code = isVialError(error) && error.code === "build-step-failed" ? exitCodeOf(error) : undefined;
    if (code === undefined || !isVialError(error)) return errorMessage(buildFault(error));
    const instruction = this.#planned.find(({ line }) => line === error.where?.from);
    const message = `The command '${commandOf(instruction?.text ?? "")}' returned a non-zero code: ${code}`;
    return { errorDetail: { code, message }, error: message };
  }
}

function exitCodeOf(error: VialError): number {
  return Number(
    /\((\d+)\)|exit code (\d+)/
      .exec(error.why ?? "")
      ?.slice(1)
      .find(Boolean) ?? 1,
  );
}

/** `RUN make` is `/bin/sh -c make`, `RUN ["make", "all"]` is `make all`. */
function commandOf(text: string): string {
  const rest = text.replace(/^\s*RUN\s+/i, "").replace(/^(?:--\S+\s+)*/, "");
  if (!rest.startsWith("[")) return `/bin/sh -c ${rest}`;
  try {
    return (JSON.parse(rest) as unknown[]).join(" ");
  } catch {
    return `/bin/sh -c ${rest}`;
  }
}

/** What Docker says of a recipe that cannot be read or is not there. */
export function buildFault(error: unknown): unknown {
  if (!isVialError(error)) return error;
  if (error.code === "recipe-missing")
    return new DockerAnswer(400, `Cannot locate specified Dockerfile: ${quoted(error)}`);
  if (error.code === "context-missing") return new DockerAnswer(400, error.message);
  if (error.code === "base-unknown") return baseFault(error);
  if (error.kind !== "invalid-argument" || error.where === undefined) return error;
  if (error.code === "instruction-unknown")
    return new DockerAnswer(
      400,
      `dockerfile parse error on line ${error.where.from}: unknown instruction: ${quoted(error)}`,
    );
  const why = error.why === undefined ? "" : `: ${error.why}`;
  return new DockerAnswer(400, `dockerfile parse error on line ${error.where.from}: ${error.message}${why}`);
}

/** The image of a FROM: what the registry says of it, as for a pull. */
function baseFault(error: VialError): unknown {
  const name = quoted(error);
  try {
    return isVialError(error.cause) ? pullFault(parseReference(name), error.cause) : error;
  } catch {
    return error;
  }
}

/** The first text in quotes. */
function quoted(error: VialError): string {
  return /"(.*?)"/.exec(error.message)?.[1] ?? "";
}
