import { familiarName, type ImageReference, isVialError, type VialError } from "#spec";
import { type BlobStream, RegistryClient, type RemoteManifest } from "./client.ts";
import type { Credential } from "./credentials.ts";
import { pullEndpoints } from "./endpoint.ts";
import type { Report } from "./progress.ts";
import type { Transport } from "./transport.ts";
import type { Digest } from "#spec";

/** Finds the credentials for a repository of a host. */
export type CredentialFinder = (host: string, path: string) => Promise<Credential | undefined>;

/** Where an image is pulled from: its mirrors in order, then the registry itself. A place that failed is not asked again. */
export class PullSource {
  readonly #clients: (() => Promise<RegistryClient>)[];
  readonly #report: Report;

  constructor(
    reference: ImageReference,
    options: {
      readonly transport: Transport;
      readonly doing: string;
      readonly credential: CredentialFinder;
      readonly report: Report;
      readonly signal: AbortSignal | undefined;
    },
  ) {
    const { transport, doing, credential, signal } = options;
    this.#report = options.report;
    this.#clients = pullEndpoints(transport, reference).map((endpoint) => {
      let client: Promise<RegistryClient> | undefined;
      return () => {
        client ??= credential(endpoint.host, reference.path).then(
          (found) =>
            new RegistryClient({
              transport,
              endpoint,
              path: reference.path,
              name: familiarName(reference),
              doing,
              credential: found,
              actions: "pull",
              signal,
            }),
        );
        return client;
      };
    });
  }

  getManifest(reference: string): Promise<RemoteManifest> {
    return this.#first((client) => client.getManifest(reference));
  }

  headManifest(reference: string): Promise<Digest | undefined> {
    return this.#first((client) => client.headManifest(reference));
  }

  getBlob(digest: Digest, start: number): Promise<BlobStream> {
    return this.#first((client) => client.getBlob(digest, start));
  }

  /** Asks the first place; when a mirror fails, for whatever reason, it is left for good and the next one asked. */
  async #first<T>(ask: (client: RegistryClient) => Promise<T>): Promise<T> {
    for (;;) {
      const open = this.#clients[0];
      if (open === undefined) throw new Error("a pull has at least the registry itself as its source");
      const client = await open();
      try {
        return await ask(client);
      } catch (error) {
        const isLast = this.#clients.length === 1;
        if (isLast || !isVialError(error) || error.code === "transfer-interrupted") throw error;
        if (this.#clients[0] === open) this.#leave(client, error);
      }
    }
  }

  #leave(client: RegistryClient, error: VialError): void {
    this.#clients.shift();
    this.#report({ kind: "mirror", host: client.options.endpoint.host, reason: error.why ?? error.message });
  }
}
