import { closeSync, readSync } from "node:fs";
import { makePipe } from "../kernel/pipe.ts";
import { needProgram, startInBackground } from "../run.ts";

// slirp4netns(1): a network for a namespace without any right on the host, where pasta(1) is not there. Who connects is not
// seen inside.

export interface SlirpWish {
  /** A file that the namespace is mounted at. */
  readonly namespace: string;
  readonly interface: string;
}

export function slirpArgs(wish: SlirpWish): readonly string[] {
  return [
    "--configure",
    "--mtu=65520",
    "--disable-host-loopback",
    "--ready-fd=3",
    "--netns-type=path",
    wish.namespace,
    wish.interface,
  ];
}

/** Starts slirp4netns, which stays behind; gives its pid when it is ready, or undefined when it ended before. */
export function startSlirp(wish: SlirpWish): number | undefined {
  const { readEnd, writeEnd } = makePipe();
  try {
    const pid = startInBackground([needProgram("slirp4netns"), ...slirpArgs(wish)], process.env, {
      stdout: "ignore",
      stderr: "ignore",
      descriptor: writeEnd,
    });
    closeSync(writeEnd);
    // It writes "1", or its end closes the pipe.
    return readSync(readEnd, Buffer.alloc(1), 0, 1, null) === 1 ? pid : undefined;
  } finally {
    closeSync(readEnd);
  }
}
