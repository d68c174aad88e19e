/**
 * Signatures and keys (signature.ts), apart from the rest of the room: OpenPGP's library and node:crypto take longer to load
 * than most verbs to run. In a file of its own, because a door that is more than names is loaded whole by the bundler.
 */
export const loadSignatures = () => import("./signature.ts");
