/**
 * Runs a program in a new pseudo terminal that nobody types into, and gives its exit code when its output has all been
 * handed over.
 */
export async function runUnderTerminal(
  command: readonly [program: string, ...args: string[]],
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  const closed = Promise.withResolvers<void>();
  const child = Bun.spawn([...command], {
    terminal: {
      cols: 80,
      rows: 24,
      data: (_terminal, bytes) => take(bytes),
      exit: () => closed.resolve(),
    },
  });
  const code = await child.exited;
  await closed.promise;
  return child.signalCode === null ? code : 128 + code;
}
