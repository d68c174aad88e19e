import { VialError } from "#spec";

/** A start that did not come about, with Docker's exit code for it: 125, 126 or 127. */
export class StartFailure extends VialError {
  readonly exitCode: number;

  constructor(exitCode: number, error: VialError) {
    const { kind, code, message: what, why, next, cause } = error;
    super({
      kind,
      code,
      what,
      ...(why === undefined ? {} : { why }),
      ...(next === undefined ? {} : { next }),
      cause,
    });
    this.exitCode = exitCode;
  }
}
