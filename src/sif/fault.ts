/** What is wrong with the bytes of a SIF file, and at which byte. The functions that know the path make the error of it. */
export class SifFault extends Error {
  /** Offset in the file, in bytes. */
  readonly at: number;
  /** `foreign`: no SIF file at all. `version`: a SIF of another version. `damaged`: it lies, or is cut off. */
  readonly kind: "foreign" | "version" | "damaged";

  constructor(at: number, why: string, kind: SifFault["kind"] = "damaged") {
    super(why);
    this.name = "SifFault";
    this.at = at;
    this.kind = kind;
  }
}
