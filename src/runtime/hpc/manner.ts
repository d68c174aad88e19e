/** What a start says and gives back in words and numbers of the program by whose name Vial was called. */
export interface StartManner {
  /** Before a sentence of the start itself: "vial:". */
  readonly sayer: string;
  /** Of a shell that reads from a terminal. */
  readonly prompt: string;
  /** Exit codes for a program that is not there, and for one that cannot be executed. */
  readonly notFound: number;
  readonly notExecutable: number;
}

export const vialManner: StartManner = {
  sayer: "vial:",
  prompt: "Vial> ",
  notFound: 127,
  notExecutable: 126,
};
