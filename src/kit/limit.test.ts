import { expect, test } from "bun:test";
import { limitTo } from "./limit.ts";

test("limitTo() runs no more than the limit at a time, in order", async () => {
  const limit = limitTo(2);
  let running = 0;
  let most = 0;
  const started: number[] = [];
  const results = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((number) =>
      limit(async () => {
        started.push(number);
        most = Math.max(most, ++running);
        await Bun.sleep(1);
        running--;
        return number * 10;
      }),
    ),
  );
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4, 5]);
  expect(results).toEqual([0, 10, 20, 30, 40, 50]);
});

test("limitTo() frees the place of a task that fails", async () => {
  const limit = limitTo(1);
  const failed = limit(() => Promise.reject(new Error("no")));
  const next = limit(async () => "yes");
  expect(failed).rejects.toThrow("no");
  expect(await next).toBe("yes");
});

test("limitTo() lets nobody overtake a task that waits", async () => {
  const limit = limitTo(1);
  const order: string[] = [];
  const first = limit(async () => order.push("first"));
  const second = limit(async () => order.push("second"));
  await first;
  await Promise.all([second, limit(async () => order.push("third"))]);
  expect(order).toEqual(["first", "second", "third"]);
});

test("limitTo() refuses a limit of nothing", () => {
  expect(() => limitTo(0)).toThrow(RangeError);
});
