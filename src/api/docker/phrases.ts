// Docker's own sentences, kept to the letter where clients match on them.

/** An answer that is one of Docker's sentences. */
export class DockerAnswer extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "DockerAnswer";
    this.status = status;
  }
}

export function pageNotFound(): DockerAnswer {
  return new DockerAnswer(404, "page not found");
}

export function clientTooOld(asked: string, oldest: string): DockerAnswer {
  return new DockerAnswer(
    400,
    `client version ${asked} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
  );
}

export function clientTooNew(asked: string, newest: string): DockerAnswer {
  return new DockerAnswer(
    400,
    `client version ${asked} is too new. Maximum supported API version is ${newest}`,
  );
}
