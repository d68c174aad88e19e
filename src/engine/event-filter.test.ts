import { expect, test } from "bun:test";
import { describeEvent, eventFits } from "./event-filter.ts";
import type { Event } from "./events.ts";

const start: Event = {
  time: 1_700_000_000_123,
  type: "container",
  action: "exec_start: sh -c x",
  id: "ab12",
  attributes: { image: "busybox:1", name: "web", tier: "front" },
};
const connect: Event = {
  time: 0,
  type: "network",
  action: "connect",
  id: "cd34",
  attributes: { name: "back", container: "ab12" },
};

test.each([
  [{ container: ["web"] }, true],
  [{ container: ["ab"] }, true],
  [{ container: ["ab", "other"] }, true],
  [{ container: ["b12"] }, false],
  [{ event: ["exec_start"] }, true],
  [{ event: ["exec"] }, false],
  [{ image: ["busybox"] }, true],
  [{ image: ["busy"] }, false],
  [{ label: ["tier=front"], type: ["container"] }, true],
  [{ label: ["tier=front", "other"] }, false],
  [{ type: ["network", "volume"] }, false],
  [{ daemon: ["x"] }, false],
  [{ scope: ["swarm"] }, false],
])("eventFits() by %j: %p", (filters, fits) => {
  expect(eventFits(new Map(Object.entries(filters)), start)).toBe(fits);
});

test("eventFits() finds a network's event by the container that it names", () => {
  expect(eventFits(new Map([["container", ["ab12"]]]), connect)).toBe(true);
  expect(eventFits(new Map([["network", ["back"]]]), connect)).toBe(true);
  expect(eventFits(new Map([["network", ["front"]]]), connect)).toBe(false);
});

test("describeEvent() gives networks none of the older fields", () => {
  expect(describeEvent(start)).toMatchObject({
    status: start.action,
    id: "ab12",
    from: "busybox:1",
    time: 1_700_000_000,
  });
  expect(Object.keys(describeEvent(connect))).toEqual([
    "Type",
    "Action",
    "Actor",
    "scope",
    "time",
    "timeNano",
  ]);
});
