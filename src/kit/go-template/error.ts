/** A template that cannot be read, or that does not fit the value it was given. `near` is the field or function meant. */
export class TemplateError extends Error {
  readonly near: string | undefined;

  constructor(message: string, near?: string) {
    super(message);
    this.name = "TemplateError";
    this.near = near;
  }
}
