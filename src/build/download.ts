import { closeSync, openSync, writeSync } from "node:fs";
import { buildCanceled } from "./error.ts";

// Files that a recipe or a command line names by an address, fetched with a limit of size.

/** A server may send without end. */
const maxBytes = 16 * 2 ** 30;

/** Makes the error of whoever wants the file, from a reason. */
export type DownloadFault = (why: string) => Error;

/** Asks for a file. Name and password of the address are sent as a header, and shown to nobody. */
export async function startDownload(
  address: string,
  signal: AbortSignal,
  fault: DownloadFault,
): Promise<Response> {
  let response: Response;
  try {
    const url = new URL(address);
    const { username, password } = url;
    url.username = "";
    url.password = "";
    url.hash = "";
    const login = btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const headers: Record<string, string> = username === "" ? {} : { authorization: `Basic ${login}` };
    response = await fetch(url, { signal, headers });
  } catch (error) {
    if (signal.aborted) throw buildCanceled();
    throw fault(error instanceof Error ? error.message : String(error));
  }
  if (!response.ok || response.body === null)
    throw fault(`the server answered ${response.status} ${response.statusText}`);
  return response;
}

/** Writes what the server sends to a new file; `seen` gets every piece. */
export async function saveDownload(
  response: Response,
  path: string,
  signal: AbortSignal,
  fault: DownloadFault,
  seen: (bytes: Uint8Array) => void = () => {},
): Promise<void> {
  const fd = openSync(path, "wx", 0o600);
  try {
    let length = 0;
    for await (const bytes of pieces(response, signal, fault)) {
      length += bytes.length;
      if (length > maxBytes) throw fault(`it is larger than ${maxBytes} bytes`);
      seen(bytes);
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    }
  } finally {
    closeSync(fd);
  }
}

/** A server that breaks off is no fault of the disk that is written to. */
async function* pieces(
  response: Response,
  signal: AbortSignal,
  fault: DownloadFault,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* response.body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (signal.aborted) throw buildCanceled();
    throw fault(error instanceof Error ? error.message : String(error));
  }
}
