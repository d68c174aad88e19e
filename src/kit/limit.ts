/** Runs what it is given, at most `count` at a time, in the order in which it was given. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** A limit of `count` tasks at a time. A task that fails rejects its own promise and frees its place. */
export function limitTo(count: number): Limit {
  if (!(count >= 1)) throw new RangeError(`the limit is ${count}, and has to be at least 1`);
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      // The place goes straight to the next in line, so that nobody who comes now overtakes it.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
