/** Long texts are told apart by their beginning. */
export function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
