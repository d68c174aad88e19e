import { describe, expect, test } from "bun:test";
import { rulesForbid } from "./firewall.ts";

type Hook = Readonly<Record<string, unknown>>;

const input = { hook: "input", prio: 0, policy: "accept" };

function chain(name: string, more: Hook = {}) {
  return { chain: { family: "inet", table: "t", name, ...more } };
}

function rule(name: string, ...expr: readonly unknown[]) {
  return { rule: { family: "inet", table: "t", chain: name, expr } };
}

const drop = { drop: null };
const toPort = { match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: 8080 } };

describe("rulesForbid()", () => {
  test.each([
    ["a policy", [chain("INPUT", { ...input, policy: "drop" })]],
    ["a rule", [chain("in", input), rule("in", toPort, drop)]],
    ["a rejection", [chain("in", input), rule("in", toPort, { reject: { type: "tcp reset" } })]],
    [
      "a rule of a chain that is jumped to",
      [chain("in", input), chain("more"), rule("in", { jump: { target: "more" } }), rule("more", drop)],
    ],
    [
      "a verdict in a set that stands in the rule",
      [chain("in", input), rule("in", { vmap: { key: {}, data: { set: [[8080, drop]] } } })],
    ],
    [
      "a verdict in a map with a name",
      [
        chain("in", input),
        { map: { family: "inet", table: "t", name: "ports", map: "verdict", elem: [[8080, drop]] } },
        rule("in", { vmap: { key: {}, data: "@ports" } }),
      ],
    ],
    ["what iptables-nft alone understands", [chain("INPUT", input), rule("INPUT", { xt: null })]],
    [
      "a filter in prerouting that comes after the destination was changed",
      [chain("pre", { hook: "prerouting", prio: 0, policy: "accept" }), rule("pre", drop)],
    ],
  ])("sees %s", (_, objects) => {
    expect(rulesForbid(objects)).toBe(true);
  });

  test.each([
    ["no chain", []],
    ["rules that accept", [chain("in", input), rule("in", toPort, { accept: null })]],
    ["a condition of iptables-nft", [chain("in", input), rule("in", { xt: null }, { accept: null })]],
    ["what is forwarded", [chain("f", { hook: "forward", prio: 0, policy: "drop" }), rule("f", drop)]],
    [
      "a filter that sees packets as they came",
      [chain("raw", { hook: "prerouting", prio: -300, policy: "drop" })],
    ],
    ["a chain that nobody jumps to", [chain("in", input), chain("more"), rule("more", drop)]],
    [
      "chains that jump in a circle",
      [
        chain("in", input),
        chain("a"),
        rule("in", { goto: { target: "a" } }),
        rule("a", { goto: { target: "in" } }),
      ],
    ],
  ])("does not mind %s", (_, objects) => {
    expect(rulesForbid(objects)).toBe(false);
  });
});
