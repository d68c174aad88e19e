import {
  createExec,
  type ExecSession,
  exitNotExecutable,
  exitNotFound,
  findContainer,
  findExec,
  type Joined,
  StartFailure,
} from "#engine";
import { Fields } from "../fields.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { parseDetachKeys } from "../stream/detach-keys.ts";
import { frame, streamTypeOf } from "../stream/frame.ts";
import { outputTo, relayInput } from "../stream/joined-socket.ts";
import { badParameter } from "./phrases.ts";
import { readConsoleSize } from "./resize.ts";

/** `POST /containers/{id}/exec` */
async function create({ engine, params, json }: Exchange): Promise<Answer> {
  const body = new Fields(await json());
  const command = body.words("Cmd") ?? [];
  if (command.length === 0) throw badParameter("No exec command specified");
  const detachKeys = body.text("DetachKeys") ?? "";
  parseDetachKeys(detachKeys);
  const session = createExec(engine, findContainer(engine, params.id ?? "").id, {
    command,
    terminal: body.flag("Tty") ?? false,
    interactive: body.flag("AttachStdin") ?? false,
    stdout: body.flag("AttachStdout") ?? false,
    stderr: body.flag("AttachStderr") ?? false,
    detachKeys,
    env: body.texts("Env"),
    workingDir: body.text("WorkingDir"),
    user: body.text("User"),
    privileged: body.flag("Privileged") ?? false,
  });
  const size = readConsoleSize(body.raw("ConsoleSize"));
  if (size !== undefined) session.resize(size);
  return { status: 201, json: { Id: session.id } };
}

/** `POST /exec/{id}/start` */
async function start({ params, json, version, gone }: Exchange): Promise<Answer> {
  const session = findExec(params.id ?? "");
  const body = new Fields(await json());
  const { terminal } = session.wanted;
  const size = readConsoleSize(body.raw("ConsoleSize"));
  if (size !== undefined) session.resize(size);
  if (body.flag("Detach") === true) {
    session.start(undefined);
    return { status: 200 };
  }
  const type = streamTypeOf(terminal, version);
  let output: ReturnType<typeof outputTo> | undefined;
  let joined: Joined;
  // What comes before the connection is ours waits for it.
  const ready = Promise.withResolvers<void>();
  try {
    joined = session.start((stream, bytes) =>
      output === undefined ? ready.promise.then(() => output?.(stream, bytes)) : output(stream, bytes),
    );
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    const text = Buffer.from(`${failurePhrase(session, error)}\r\n`);
    return { type, hijack: async (socket) => void socket.write(terminal ? text : frame(1, text)) };
  }
  return {
    type,
    hijack: async (socket) => {
      output = outputTo(socket, terminal);
      ready.resolve();
      gone.addEventListener("abort", () => joined.leave());
      await relayInput(socket, joined, {
        stdin: session.wanted.interactive,
        detachKeys: terminal ? parseDetachKeys(session.wanted.detachKeys) : undefined,
        atEnd: "finish-input",
      });
    },
  };
}

/** As dockerd says it, on the stream: the docker command line shows it and takes the code from the inspection. */
function failurePhrase(session: ExecSession, error: StartFailure): string {
  const [command = ""] = session.wanted.command;
  const why =
    error.exitCode === exitNotFound
      ? `exec: ${JSON.stringify(command)}: ${command.includes("/") ? `stat ${command}: no such file or directory` : "executable file not found in $PATH"}`
      : error.exitCode === exitNotExecutable && error.code === "command-not-executable"
        ? `exec: ${JSON.stringify(command)}: permission denied`
        : error.message;
  return `OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`;
}

/** `GET /exec/{id}/json` */
function inspect({ params }: Exchange): Answer {
  const session = findExec(params.id ?? "");
  const { wanted, state } = session;
  const [entrypoint = "", ...args] = wanted.command;
  return {
    status: 200,
    json: {
      ID: session.id,
      Running: state.status === "running",
      ExitCode: state.status === "exited" ? state.exitCode : null,
      ProcessConfig: {
        tty: wanted.terminal,
        entrypoint,
        arguments: args,
        privileged: wanted.privileged,
        ...(wanted.user === undefined ? {} : { user: wanted.user }),
      },
      OpenStdin: wanted.interactive,
      OpenStderr: wanted.stderr,
      OpenStdout: wanted.stdout,
      CanRemove: state.status === "exited",
      ContainerID: session.place.id,
      DetachKeys: wanted.detachKeys,
      Pid: session.pid,
    },
  };
}

export const execRoutes: readonly Route[] = [
  { method: "POST", path: "/containers/{id}/exec", handle: create },
  { method: "POST", path: "/exec/{id}/start", handle: start },
  { method: "GET", path: "/exec/{id}/json", handle: inspect },
];
