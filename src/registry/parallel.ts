/**
 * Runs tasks, at most `limit` at once. When one fails the others are told to stop by `signal`, and the first error is
 * thrown after all have ended, so that no lock and no file of theirs is left open.
 */
export async function parallel(
  limit: number,
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  outer: AbortSignal | undefined,
): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort(outer?.reason);
  if (outer?.aborted) stop();
  else outer?.addEventListener("abort", stop, { once: true });
  let next = 0;
  let failed = false;
  let failure: unknown;
  const work = async () => {
    for (let task = tasks[next++]; task !== undefined && !failed; task = tasks[next++]) {
      try {
        await task(controller.signal);
      } catch (error) {
        if (!failed) {
          failed = true;
          failure = error;
          controller.abort(error);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, work));
  outer?.removeEventListener("abort", stop);
  if (failed) throw failure;
}
