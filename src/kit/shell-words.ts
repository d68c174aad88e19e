/** A word as a POSIX shell would take it back: plain where it is safe, in single quotes otherwise. */
export function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line to show and to paste. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}
