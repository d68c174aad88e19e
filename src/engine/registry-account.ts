import { type Credential, type CredentialFinder, originEndpoint, RegistryClient } from "#registry";
import { newTransport } from "./images.ts";

// Accounts that a caller brings along, in place of those that this person has signed in with.

/** Shows a credential to the registry of `domain` and to nobody else: mirrors are other people's. */
export function credentialFor(domain: string, credential: Credential | undefined): CredentialFinder {
  return async (host) => (host === originEndpoint(domain).host ? credential : undefined);
}

/** Asks the registry whether it takes the credential, and keeps nothing. Throws its refusal. */
export async function checkAccount(host: string, credential: Credential, signal: AbortSignal): Promise<void> {
  await new RegistryClient({
    transport: newTransport(signal),
    endpoint: originEndpoint(host),
    path: "",
    name: host,
    doing: `log in to "${host}"`,
    credential,
    actions: "pull",
    signal,
  }).ping();
}
