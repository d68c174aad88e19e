// Other people's languages over HTTP. Today: the Docker Engine API, for everything that speaks to a Docker daemon. This
// room only translates: a request to a wish of the engine, the engine's answer to the wire shape of the asked version.
// Truth lies on disk, so that a server may be killed at any moment and nothing is lost.
//
// docker/NOUN.ts has the routes of a noun, with the shapes of their bodies. routes.ts joins them, server.ts serves them.

export { type ApiServer, serveApi } from "./server.ts";
