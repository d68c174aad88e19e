import { isSpace } from "./white-space.ts";

/** Collects characters into words. Blanks part words, but not blanks that were quoted or escaped. */
export class WordList {
  readonly #words: string[] = [];
  #word = "";

  /** Characters whose blanks part words. */
  add(text: string): void {
    for (const char of text) {
      if (!isSpace(char)) this.#word += char;
      else this.#end();
    }
  }

  /** Characters that stand as they are. */
  addQuoted(text: string): void {
    this.#word += text;
  }

  finish(): readonly string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== "") this.#words.push(this.#word);
    this.#word = "";
  }
}
