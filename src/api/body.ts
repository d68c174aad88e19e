import type { IncomingMessage } from "node:http";
import { bodyInvalid, bodyTooLarge } from "./error.ts";

/** A JSON body is a few kilobytes; the largest seen are lists of labels. */
const maxJson = 8 * 1024 * 1024;
/** The deepest document of the API has six levels. What is deeper costs the parser seconds for each megabyte. */
const maxDepth = 100;

/** Reads the body as one JSON document; undefined when it is empty. */
export function readJson(request: IncomingMessage): Promise<unknown> {
  const isOpen = request.headers["transfer-encoding"] !== undefined;
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const finish = (act: () => void) => {
      request.off("data", take).off("end", end).off("error", fail).off("close", fail);
      act();
    };
    const take = (part: Buffer) => {
      size += part.length;
      if (size > maxJson) return finish(() => reject(bodyTooLarge(maxJson)));
      parts.push(part);
      if (!isOpen || !endsDocument(part)) return;
      try {
        const value = parseJson(Buffer.concat(parts));
        // A client that keeps the body open for its stdin (dockerode without hijack) waits for our answer.
        request.pause();
        finish(() => resolve(value));
      } catch {
        // Not whole yet.
      }
    };
    const end = () =>
      finish(() => {
        if (size === 0) return resolve(undefined);
        try {
          resolve(parseJson(Buffer.concat(parts)));
        } catch (error) {
          reject(bodyInvalid((error as Error).message));
        }
      });
    const fail = () => finish(() => reject(bodyInvalid("the client has gone in the middle of it")));
    request.on("data", take).once("end", end).once("error", fail).once("close", fail);
  });
}

function parseJson(bytes: Buffer): unknown {
  if (isTooDeep(bytes)) throw new Error(`it has more than ${maxDepth} levels`);
  return JSON.parse(bytes.toString("utf8"));
}

/** Counts brackets outside of texts. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (isText) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

function endsDocument(part: Buffer): boolean {
  let last = part.length - 1;
  while (last >= 0 && (part[last] ?? 0) <= 0x20) last--;
  return part[last] === 0x7d || part[last] === 0x5d;
}
