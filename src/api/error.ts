import { VialError } from "#spec";

export function bodyInvalid(reason: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "api-body-invalid",
    what: "Cannot read the body of the request",
    why: reason,
    next: "send one JSON document, as the description of the Docker Engine API has it",
  });
}

export function bodyTooLarge(limit: number): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "api-body-too-large",
    what: `Cannot read the body of the request: it has more than ${limit} bytes`,
    next: "send what is large as a stream: archives have paths of their own",
  });
}

export function addressInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "serve-address-invalid",
    what: `Cannot listen on ${JSON.stringify(text)}: it is none of unix:///PATH, tcp://HOST:PORT and fd://`,
    next: "vial serve --host unix:///run/vial/vial.sock",
  });
}

export function tcpWithoutTls(address: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "serve-without-tls",
    what: `Cannot serve on ${address} without TLS`,
    why: "whoever reaches that port can start containers as the user who serves, which as root is to be root",
    next: "give --tlscacert, --tlscert and --tlskey, or say --insecure where nobody else can reach the port",
  });
}

export function tlsFilesIncomplete(missing: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "serve-tls-incomplete",
    what: `Cannot serve with TLS: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`,
    why: "clients are let in by their certificate alone, so all three files are needed",
    next: "give --tlscacert CA.PEM --tlscert CERT.PEM --tlskey KEY.PEM",
  });
}

export function tlsFileUnreadable(path: string, reason: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "serve-tls-file-unreadable",
    what: `Cannot read the TLS file ${JSON.stringify(path)}`,
    why: reason,
    next: "name a file in PEM form that this user may read",
  });
}

export function socketHeld(path: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "serve-socket-held",
    what: `Cannot serve on ${path}: another server answers there`,
    next: "stop that one, or give another socket by --host unix:///PATH",
  });
}

export function socketPathTaken(path: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "serve-path-taken",
    what: `Cannot serve on ${path}: there is a file that is no socket`,
    next: "move it away, or give another path by --host unix:///PATH",
  });
}

export function socketPathTooLong(path: string, limit: number): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "serve-path-too-long",
    what: `Cannot serve on ${path}: a socket's path has at most ${limit} bytes`,
    next: "give a shorter one by --host unix:///PATH",
  });
}

export function portTaken(address: string, reason: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "serve-port-unavailable",
    what: `Cannot serve on ${address}`,
    why: reason,
    next: "give another address by --host tcp://HOST:PORT",
  });
}

export function inheritedMissing(which: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "serve-no-inherited-socket",
    what: `Cannot serve on fd://${which}: systemd has handed over no such socket`,
    why: "LISTEN_FDS and LISTEN_PID name the sockets of a service that is activated by one (sd_listen_fds(3))",
    next: "install the units of `vial serve --print-unit`, and start the socket unit",
  });
}
