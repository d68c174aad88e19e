// Images that live far away: a client of registries by the OCI distribution spec and Docker's registry API v2.
//
// `transport.ts` is HTTP with our rules (TLS, redirects, proxies, silence, new tries), `auth.ts` the ladder of signing
// in, `client.ts` the calls of one repository. `pullImage()` and `pushImage()` move whole images between a registry and
// the store. What is pulled is verified while it streams and unpacked in the same breath; the name is set last.
//
//     const transport = new Transport({ config: readRegistriesConfig() });
//     await pullImage({ store, reference, transport, credential: findCredential, unpacker });
//
// Secrets live in Credential values and in Authorization headers, and in no text.

export { RegistryClient } from "./client.ts";
export { type RegistriesConfig, readRegistriesConfig } from "./config.ts";
export { type Credential, credentialKey, findCredential, listSignedIn } from "./credentials.ts";
export { originEndpoint } from "./endpoint.ts";
export { type KeptIn, login, logout } from "./login.ts";
export type { LayerPhase, LayerProgress, Report, TransferProgress } from "./progress.ts";
export { type Pulled, type PullOptions, pullImage } from "./pull.ts";
export type { LayerSink, LayerUnpacker } from "./pull-layer.ts";
export { type Pushed, type PushOptions, pushImage } from "./push.ts";
export { openRemoteArtifact, type RemoteArtifact } from "./remote-artifact.ts";
export { openRemoteImage, type RemoteImage } from "./remote-image.ts";
export type { CredentialFinder } from "./source.ts";
export { Transport, type TransportOptions } from "./transport.ts";
