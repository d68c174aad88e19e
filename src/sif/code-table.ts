/** A field of the format whose values are numbers: our word for each, and what siftool and `apptainer sif` print. */
export class CodeTable<Word extends string> {
  readonly #rows: readonly (readonly [code: number, word: Word, shown: string])[];

  constructor(...rows: readonly (readonly [code: number, word: Word, shown: string])[]) {
    this.#rows = rows;
  }

  get words(): readonly Word[] {
    return this.#rows.map(([, word]) => word);
  }

  /** Newer writers may know codes that we do not: they are kept, and called "unknown". */
  wordOf(code: number): Word | "unknown" {
    return this.#rows.find(([known]) => known === code)?.[1] ?? "unknown";
  }

  shownOf(word: Word | "unknown"): string {
    return this.#rows.find(([, known]) => known === word)?.[2] ?? "Unknown";
  }

  codeOf(word: Word): number {
    const row = this.#rows.find(([, known]) => known === word);
    if (row === undefined) throw new Error(`no code for ${JSON.stringify(word)}`);
    return row[0];
  }

  /** The word that a person means: its code as a number, the word itself, or the text that is shown. */
  parse(text: string): Word | undefined {
    const wanted = text.toLowerCase();
    const row = this.#rows.find(
      ([code, word, shown]) => text === String(code) || wanted === word || wanted === shown.toLowerCase(),
    );
    return row?.[1];
  }
}
