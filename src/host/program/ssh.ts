import { startProgram } from "../run.ts";

export interface SshPlace {
  /** Empty: ssh's own choice. */
  readonly user: string;
  readonly host: string;
  /** Empty: ssh's own choice. */
  readonly port: string;
}

/** The arguments of ssh that run `command` there. Nothing is asked on this terminal but what ssh itself asks. */
export function sshArgs({ user, host, port }: SshPlace, command: readonly string[]): readonly string[] {
  return [
    "-o",
    "ConnectTimeout=30",
    // No terminal there: the bytes are the protocol's.
    "-T",
    ...(user === "" ? [] : ["-l", user]),
    ...(port === "" ? [] : ["-p", port]),
    // What follows is the host, whatever it begins with.
    "--",
    host,
    ...command,
  ];
}

/** Starts a program on another machine, its streams in our hands; its errors go to ours. */
export function startOverSsh(place: SshPlace, command: readonly string[]) {
  return startProgram(["ssh", ...sshArgs(place, command)], { stdin: "pipe", stdout: "pipe", stderr: 2 });
}
