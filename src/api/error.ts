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

export function upgradeMissing(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "api-upgrade-missing",
    what: 'Cannot join the streams: the request has no header "Upgrade: tcp"',
    next: "send the headers Connection: Upgrade and Upgrade: tcp",
  });
}
