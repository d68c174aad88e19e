/** Long texts are told apart by their beginning. */
export function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** An address to be shown: whoever reads the log must not learn the password in it. */
export function withoutPassword(address: string): string {
  return address.replace(/([a-z+]+:\/\/)[^/@\s]*@/gi, "$1");
}
