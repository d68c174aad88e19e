import type { ContainerDefaults, Healthcheck } from "#spec";
import type { CommandLine, HealthcheckRule, StageInstruction } from "./instruction.ts";

/** The run defaults of an image that is being built. */
export type BuildDefaults = ContainerDefaults;

export interface ConfigState {
  readonly defaults: BuildDefaults;
  /** CMD was given in this stage: an ENTRYPOINT keeps it. */
  readonly hasOwnCmd: boolean;
}

export const defaultShell: readonly string[] = ["/bin/sh", "-c"];

/** The words of a command: a text goes to the stage's shell. */
export function commandWords(command: CommandLine, defaults: BuildDefaults): readonly string[] {
  return command.kind === "exec" ? command.words : [...shellOf(defaults), command.text];
}

export function shellOf(defaults: BuildDefaults): readonly string[] {
  return defaults.Shell == null || defaults.Shell.length === 0 ? defaultShell : defaults.Shell;
}

/** What an instruction that touches no file makes of the image's defaults; undefined for the others. */
export function applyConfig(state: ConfigState, instruction: StageInstruction): ConfigState | undefined {
  const { defaults } = state;
  const set = (change: BuildDefaults): ConfigState => ({ ...state, defaults: { ...defaults, ...change } });
  switch (instruction.kind) {
    case "env":
      return set({
        Env: instruction.pairs.reduce<readonly string[]>(
          (env, { name, value }) => withVariable(env, name, value),
          defaults.Env ?? [],
        ),
      });
    case "label": {
      const labels = instruction.pairs.map(({ name, value }): [string, string] => [name, value]);
      return set({ Labels: { ...defaults.Labels, ...Object.fromEntries(labels) } });
    }
    case "maintainer":
      return state;
    case "user":
      return set({ User: instruction.user });
    case "expose":
      return set({
        ExposedPorts: { ...defaults.ExposedPorts, ...keys(instruction.ports.flatMap(exposedPorts)) },
      });
    case "volume":
      return set({ Volumes: { ...defaults.Volumes, ...keys(instruction.paths) } });
    case "stopsignal":
      return set({ StopSignal: instruction.signal });
    case "shell":
      return set({ Shell: instruction.words });
    case "cmd":
      return { ...set({ Cmd: commandWords(instruction.command, defaults) }), hasOwnCmd: true };
    case "entrypoint":
      return set({
        Entrypoint: commandWords(instruction.command, defaults),
        // What the base image ran makes no sense as the arguments of another program.
        ...(state.hasOwnCmd ? {} : { Cmd: null }),
      });
    case "healthcheck":
      return set({ Healthcheck: healthcheck(instruction.check, defaults) });
    case "onbuild":
      return set({ OnBuild: [...(defaults.OnBuild ?? []), instruction.expression] });
    case "arg":
    case "run":
    case "copy":
    case "add":
    case "workdir":
      return undefined;
    default:
      return instruction satisfies never;
  }
}

/** A variable that is there keeps its place. */
export function withVariable(env: readonly string[], name: string, value: string): readonly string[] {
  const at = env.findIndex((entry) => entry.startsWith(`${name}=`));
  return at < 0 ? [...env, `${name}=${value}`] : env.with(at, `${name}=${value}`);
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** `80`, `80/udp`, `8000-8002/tcp`: each port by itself, with its protocol. */
function exposedPorts(text: string): readonly string[] {
  const [range = "", protocol = "tcp"] = text.split("/");
  const [from = "", to = from] = range.split("-");
  const [first, last] = [Number(from), Number(to)];
  if (!Number.isInteger(first) || !Number.isInteger(last) || last < first || last - first > 65_535)
    return [`${range}/${protocol.toLowerCase()}`];
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

function healthcheck(rule: HealthcheckRule, defaults: BuildDefaults): Healthcheck {
  if (rule.kind === "none") return { Test: ["NONE"] };
  const { command } = rule;
  const test =
    command.kind === "exec"
      ? ["CMD", ...command.words]
      : defaults.Shell == null
        ? ["CMD-SHELL", command.text]
        : ["CMD", ...shellOf(defaults), command.text];
  return {
    Test: test,
    ...(rule.interval === undefined ? {} : { Interval: rule.interval }),
    ...(rule.timeout === undefined ? {} : { Timeout: rule.timeout }),
    ...(rule.startPeriod === undefined ? {} : { StartPeriod: rule.startPeriod }),
    ...(rule.startInterval === undefined ? {} : { StartInterval: rule.startInterval }),
    ...(rule.retries === undefined ? {} : { Retries: rule.retries }),
  };
}
