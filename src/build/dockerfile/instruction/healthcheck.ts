import { isVialError, parseDuration } from "#spec";
import { argumentsInvalid, flagValueInvalid } from "../error.ts";
import type { HealthcheckInstruction, HealthcheckRule } from "../instruction.ts";
import type { Statement } from "../statement.ts";
import { readFlags } from "./flags.ts";
import { placeOf } from "./place.ts";
import { readCommand } from "./run.ts";

const example = "HEALTHCHECK --interval=30s CMD curl -f localhost";
/** Moby's smallest time between two checks. */
const millisecond = 1_000_000;

export function readHealthcheck(statement: Statement): HealthcheckInstruction {
  return { ...placeOf(statement), kind: "healthcheck", check: readRule(statement) };
}

function readRule(statement: Statement): HealthcheckRule {
  const [type, ...args] = statement.args;
  const fail = (why: string) => argumentsInvalid("HEALTHCHECK", why, example, statement.range);
  if (type === undefined) throw fail('it takes "CMD" and a command, or "NONE"');
  switch (type.toLowerCase()) {
    case "none":
      if (args.length > 0) throw fail('"NONE" stands alone');
      readFlags(statement, {});
      return { kind: "none" };
    case "cmd":
      if (args.length === 0) throw fail('the command behind "CMD" is missing');
      return { kind: "command", command: readCommand(statement, args), ...readTimes(statement) };
    default:
      throw fail(`it takes "CMD" or "NONE", not "${type}"`);
  }
}

type Times = Omit<Extract<HealthcheckRule, { readonly kind: "command" }>, "kind" | "command">;

function readTimes(statement: Statement): Times {
  const flags = readFlags(statement, {
    interval: "text",
    timeout: "text",
    "start-period": "text",
    "start-interval": "text",
    retries: "text",
  });
  const times = {
    interval: readTime(statement, "interval", flags.interval),
    timeout: readTime(statement, "timeout", flags.timeout),
    startPeriod: readTime(statement, "start-period", flags["start-period"]),
    startInterval: readTime(statement, "start-interval", flags["start-interval"]),
    retries: readRetries(statement, flags.retries),
  };
  return Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
}

function readTime(statement: Statement, name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const fail = (why: string) => flagValueInvalid("HEALTHCHECK", name, text, why, statement.range);
  let time: number;
  try {
    time = parseDuration(text);
  } catch (error) {
    if (!isVialError(error)) throw error;
    throw fail("it is a time such as 30s or 1m30s");
  }
  if (time !== 0 && time < millisecond) throw fail("it is zero or at least 1ms");
  return time;
}

function readRetries(statement: Statement, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\+?\d+$/.test(text) || Number(text) > 0x7fff_ffff)
    throw flagValueInvalid(
      "HEALTHCHECK",
      "retries",
      text,
      "it is a whole number, zero or more",
      statement.range,
    );
  return Number(text);
}
