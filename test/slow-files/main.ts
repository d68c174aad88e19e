// bun test/slow-files/main.ts SOURCE MOUNTPOINT [--delay MS] [--remember SECONDS]
//
// Shows SOURCE at MOUNTPOINT, read-only, as a file system far away would: each request for metadata takes MS (2) longer.
// Prints "ready", then its counters as a line of JSON at each SIGUSR2 and at the end. Root only: it mounts by itself.
//
// It ends at SIGTERM, SIGINT, SIGHUP, when the mount is taken away, or with its standard input. A shell that waits beside it
// takes the mount away also when it is killed; what is open fails then, and nothing waits for an answer.

import { closeSync, openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeMount, unmountLazily } from "#host";
import { SlowFilesServer } from "./server.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { delay: { type: "string", default: "2" }, remember: { type: "string", default: "0" } },
});
const [source, target] = positionals;
const [milliseconds, rememberSeconds] = [Number(values.delay), Number(values.remember)];
if (source?.startsWith("/") !== true || target?.startsWith("/") !== true)
  throw new Error("usage: main.ts SOURCE MOUNTPOINT [--delay MS] [--remember SECONDS], with absolute paths");
if (!(milliseconds >= 0) || !Number.isInteger(rememberSeconds) || rememberSeconds < 0)
  throw new Error("--delay and --remember take numbers that are not negative, the second a whole one");

const device = openSync("/dev/fuse", "r+");
const server = new SlowFilesServer(device, { source, milliseconds, rememberSeconds });
const name = `slow-files-${process.pid}`;
const watch =
  'cat > /dev/null; while grep -q "^$1 $0 fuse" /proc/self/mounts; do umount -l "$0" || exit; done';
// The writing end of the pipe to it is open as long as this process lives.
const watcher = Bun.spawn(["setsid", "sh", "-c", watch, target, name], {
  stdio: ["pipe", "ignore", "ignore"],
});
watcher.unref();
{
  const [nosuid, nodev, readonly] = [2, 4, 1];
  using mount = makeMount(
    "fuse",
    [
      ["source", name],
      ["fd", String(device)],
      ["rootmode", "40000"],
      ["user_id", "0"],
      ["group_id", "0"],
      // Others than root may look at it, with the rights that the files' modes give.
      ["allow_other", null],
      ["default_permissions", null],
      ["ro", null],
    ],
    nosuid | nodev | readonly,
  );
  mount.attach(target);
}

const say = (text: string) => writeSync(1, `${text}\n`);
const end = () => {
  unmountLazily(target);
  say(JSON.stringify(server.counts()));
  closeSync(device);
  process.exit(0);
};
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
process.on("SIGUSR2", () => say(JSON.stringify(server.counts())));
process.stdin.on("end", end).on("error", end).resume();
say("ready");
await server.serve();
end();
