// The extensions of a certificate (RFC 5280, section 4.2), which node:crypto does not tell: enough of DER to reach them.

export interface Extension {
  /** "2.5.29.19". */
  readonly oid: string;
  /** Who does not know the extension must not use the certificate. */
  readonly critical: boolean;
  readonly value: Buffer;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

const sequence = 0x30;
const extensionsTag = 0xa3;

/** Throws Error for bytes that are no certificate. */
export function extensionsOf(certificate: Buffer): readonly Extension[] {
  const [body] = elements(need(elements(certificate)[0], sequence));
  const field = elements(need(body, sequence)).find(({ tag }) => tag === extensionsTag);
  if (field === undefined) return [];
  return elements(need(elements(field.content)[0], sequence)).map((extension) => {
    const parts = elements(need(extension, sequence));
    const [oid, second] = parts;
    const isFlag = second?.tag === 1;
    return {
      oid: printOid(need(oid, 6)),
      critical: isFlag && second.content[0] !== 0,
      value: need(parts[isFlag ? 2 : 1], 4),
    };
  });
}

/** The elements that lie behind each other. */
export function elements(bytes: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at);
    found.push(element);
    at = element.end;
  }
  return found;
}

function elementAt(bytes: Buffer, at: number): Element {
  const tag = bytes[at] ?? 0;
  let from = at + 2;
  let length = bytes[at + 1] ?? 0;
  if (length >= 0x80) {
    const digits = length & 0x7f;
    if (digits === 0 || digits > 4 || from + digits > bytes.length) throw new Error("it is no DER");
    length = bytes.readUIntBE(from, digits);
    from += digits;
  }
  const end = from + length;
  if (end > bytes.length) throw new Error("it is no DER");
  return { tag, content: bytes.subarray(from, end), end };
}

/** The content of an element of a kind. */
export function need(element: Element | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw new Error("it is no certificate as RFC 5280 has it");
  return element.content;
}

export function printOid(bytes: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of bytes) {
    number = number * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(Math.floor(number / 40), 2), number - 40 * Math.min(Math.floor(number / 40), 2));
    else numbers.push(number);
    number = 0;
  }
  return numbers.join(".");
}
