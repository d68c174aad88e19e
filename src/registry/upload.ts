import { closeSync, constants, openSync, readSync } from "node:fs";
import { blobPath, blobSize, type Store } from "#image";
import { type Descriptor, type Digest, isVialError } from "#spec";
import type { RegistryClient } from "./client.ts";
import { answerUnexpected, manifestMismatch, storedBlobMissing } from "./error.ts";

// Blob uploads (distribution-spec, "Pushing blobs"): POST opens an upload, or mounts the blob from another repository;
// small blobs go in one PUT, large ones in PATCHes, so that a lost connection costs what was under way and no more.

const monolithicLimit = 1024 * 1024;
const readBytes = 256 * 1024;
const maxResumes = 5;

export interface UploadOptions {
  readonly store: Store;
  readonly blob: Descriptor;
  /** Repositories at the same registry that hold the blob, most likely first. */
  readonly mountFrom?: readonly string[];
  /** Bytes that have left so far. */
  readonly sent?: (bytes: number) => void;
}

/** Uploads a blob that the repository lacks, and tells how it got there. */
export async function uploadBlob(
  client: RegistryClient,
  options: UploadOptions,
): Promise<"mounted" | "uploaded"> {
  const { blob } = options;
  let location: URL | undefined;
  for (const from of (options.mountFrom ?? []).slice(0, 3)) {
    const mounted = await tryMount(client, blob.digest, from);
    if (mounted === "mounted") return "mounted";
    // The registry opened an upload instead of mounting: the last one is used, an earlier one runs out by itself.
    location = mounted ?? location;
  }
  location ??= await openUpload(client);
  if (blob.size <= monolithicLimit) {
    await finishUpload(client, location, options, 0);
    return "uploaded";
  }
  const next = await patchAll(client, location, options);
  await finishUpload(client, next, options, blob.size);
  return "uploaded";
}

/** A refused mount is no failure: not every user may read the other repository, and not every registry mounts. */
async function tryMount(
  client: RegistryClient,
  digest: Digest,
  from: string,
): Promise<"mounted" | URL | undefined> {
  const url = client.url("blobs/uploads/");
  url.searchParams.set("mount", digest);
  url.searchParams.set("from", from);
  try {
    const answer = await client.send({ method: "POST", url, headers: { "Content-Length": "0" } }, from);
    answer.discard();
    if (answer.status === 201) return "mounted";
    return answer.status === 202 ? locationOf(client, answer.headers, answer.url) : undefined;
  } catch (error) {
    const refusals = ["registry-login-needed", "registry-access-denied", "registry-credentials-refused"];
    if (isVialError(error) && refusals.includes(error.code)) return undefined;
    throw error;
  }
}

async function openUpload(client: RegistryClient): Promise<URL> {
  const answer = await client.send({
    method: "POST",
    url: client.url("blobs/uploads/"),
    headers: { "Content-Length": "0" },
  });
  if (answer.status !== 202) throw await client.failure(answer);
  answer.discard();
  return locationOf(client, answer.headers, answer.url);
}

/** Sends the blob in one PATCH; after a lost connection the registry is asked how much it has, and the rest follows. */
async function patchAll(client: RegistryClient, start: URL, options: UploadOptions): Promise<URL> {
  const { blob } = options;
  let location = start;
  let offset = 0;
  for (let resumes = 0; ; resumes++) {
    try {
      const from = offset;
      const answer = await client.send({
        method: "PATCH",
        url: location,
        retry: "never",
        headers: {
          "Content-Type": "application/octet-stream",
          "Content-Length": String(blob.size - from),
          // Some registries refuse the header on a first chunk that is the whole blob.
          ...(from === 0 ? {} : { "Content-Range": `${from}-${blob.size - 1}` }),
        },
        body: (alive) => blobBody(client, options, from, alive),
      });
      if (answer.status !== 202 && answer.status !== 201 && answer.status !== 204)
        throw await client.failure(answer);
      answer.discard();
      return locationOf(client, answer.headers, answer.url);
    } catch (error) {
      const isBroken =
        isVialError(error) && ["registry-connection-broken", "registry-unavailable"].includes(error.code);
      if (!isBroken || resumes >= maxResumes) throw error;
      const state = await uploadState(client, location);
      // An upload that the registry has forgotten begins anew.
      location = state?.location ?? (await openUpload(client));
      offset = state === undefined ? 0 : Math.min(state.offset, blob.size);
      if (offset === blob.size) return location;
    }
  }
}

async function uploadState(
  client: RegistryClient,
  location: URL,
): Promise<{ location: URL; offset: number } | undefined> {
  const answer = await client.send({ method: "GET", url: location });
  answer.discard();
  if (answer.status !== 204 && answer.status !== 202) return undefined;
  const range = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.get("range") ?? "");
  // "0-0" is said both for nothing and for one byte; nothing is the safe reading, as the spec's own example does.
  const end = Number(range?.[1] ?? 0);
  return { location: locationOf(client, answer.headers, answer.url), offset: end === 0 ? 0 : end + 1 };
}

async function finishUpload(
  client: RegistryClient,
  location: URL,
  options: UploadOptions,
  offset: number,
): Promise<void> {
  const { blob } = options;
  const url = new URL(location);
  url.searchParams.set("digest", blob.digest);
  const rest = blob.size - offset;
  const answer = await client.send({
    method: "PUT",
    url,
    retry: "never",
    headers: { "Content-Type": "application/octet-stream", "Content-Length": String(rest) },
    ...(rest === 0 ? {} : { body: (alive) => blobBody(client, options, offset, alive) }),
  });
  if (answer.status !== 201 && answer.status !== 204 && answer.status !== 202)
    throw await client.failure(answer);
  answer.discard();
  const stated = answer.headers.get("docker-content-digest");
  if (stated !== null && stated !== blob.digest)
    throw manifestMismatch(client.options.doing, blob.digest, stated);
}

/** The blob from `offset` on, read as the connection takes it. */
function blobBody(
  client: RegistryClient,
  options: UploadOptions,
  offset: number,
  alive: () => void,
): ReadableStream<Uint8Array> {
  const { store, blob } = options;
  if (blobSize(store, blob.digest) !== blob.size) throw storedBlobMissing(client.options.doing, blob.digest);
  const fd = openSync(blobPath(store, blob.digest), constants.O_RDONLY | constants.O_NOFOLLOW);
  let position = offset;
  let open = true;
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = new Uint8Array(Math.min(readBytes, blob.size - position));
        const count = chunk.length === 0 ? 0 : readSync(fd, chunk, 0, chunk.length, position);
        if (count > 0) {
          position += count;
          alive();
          options.sent?.(position);
          controller.enqueue(chunk.subarray(0, count));
        }
        if (count === 0 || position >= blob.size) {
          close();
          controller.close();
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

/** Where an upload goes on: absolute, or relative to the address just used. */
function locationOf(client: RegistryClient, headers: Headers, base: URL): URL {
  const { doing, endpoint, transport } = client.options;
  const text = headers.get("location");
  const url = text === null ? null : URL.parse(text, base.href);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw answerUnexpected(doing, endpoint.host, "it opened an upload and did not say where");
  if (url.protocol === "http:" && !transport.mayBePlain(url))
    throw answerUnexpected(doing, endpoint.host, "it wants the upload to go on over plain HTTP");
  return url;
}
