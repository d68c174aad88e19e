// Other people's languages over HTTP. Today: the Docker Engine API, for everything that speaks to a Docker daemon. This
// room only translates: a request to a wish of the engine, the engine's answer to the wire shape of the asked version.
// Truth lies on disk, so that a server may be killed at any moment and nothing is lost.
//
// docker/NOUN.ts has the routes of a noun, with the shapes of their bodies. routes.ts joins them; route.ts says what a
// route gets and gives. A request comes in by server.ts (which listens by listen/), goes to its route by exchange.ts and
// back by answer.ts; error-response.ts is where an error becomes an answer, docker/phrases.ts has Docker's own sentences.

export { tlsFilesIncomplete } from "./error.ts";
export { newestVersion, oldestVersion, printVersion } from "./api-version.ts";
export { parseListenAddress } from "./listen/address.ts";
export type { TlsFiles } from "./listen/tls.ts";
export { serveApi } from "./server.ts";
