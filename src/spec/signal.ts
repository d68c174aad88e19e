// Signals by their names (signal(7), x86 and arm).

const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
  RTMIN: 34,
  RTMAX: 64,
};

/** The number of `TERM`, `SIGTERM`, `sigterm`, `15` or `RTMIN+3`; undefined when Linux has no such signal. */
export function signalNumber(text: string): number | undefined {
  const upper = text.toUpperCase().replace(/^SIG/, "");
  if (/^\d+$/.test(upper) && Number(upper) >= 1 && Number(upper) <= 64) return Number(upper);
  const known = Object.hasOwn(numbers, upper) ? numbers[upper] : undefined;
  if (known !== undefined) return known;
  const realtime = /^(RTMIN\+|RTMAX-)(\d{1,2})$/.exec(upper);
  const offset = Number(realtime?.[2] ?? 99);
  if (realtime === null || offset > 30) return undefined;
  return realtime[1] === "RTMIN+" ? 34 + offset : 64 - offset;
}

/** A container's own stop signal. An image may name one that Linux does not have: then SIGTERM, as in Docker. */
export function stopSignalOf(container: { readonly stopSignal: string }): number {
  return signalNumber(container.stopSignal) ?? numbers.TERM!;
}
