import { type Digest, type Platform, printPlatform, reasonOf, VialError } from "#spec";

// The errors of the room `registry`. `doing` is the action with its object, such as: pull "debian:12".
// No text holds a secret: addresses are printed by printUrl(), which drops userinfo and query.

/** An address for a text: scheme, host and path. Queries carry signatures, userinfo carries passwords. */
export function printUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

export function connectionRefused(doing: string, host: string, cause: unknown): VialError {
  return new VialError({
    kind: "unavailable",
    code: "registry-connection-refused",
    what: `Cannot ${doing}: "${host}" refuses connections`,
    why: "no program listens at that address and port",
    next: `check the host and port, then try again: curl -i http://${host}/v2/`,
    cause,
  });
}

export function hostUnknown(doing: string, host: string, cause: unknown): VialError {
  return new VialError({
    kind: "unavailable",
    code: "registry-host-unknown",
    what: `Cannot ${doing}: the host name "${host}" has no address`,
    why: "the name service of this machine does not know it",
    next: `check the spelling and the network: getent hosts ${host.replace(/:\d+$/, "")}`,
    cause,
  });
}

export function connectionBroken(doing: string, host: string, cause: unknown): VialError {
  return new VialError({
    kind: "unavailable",
    code: "registry-connection-broken",
    what: `Cannot ${doing}: "${host}" closed the connection before its answer was complete`,
    why: reasonOf(cause).replace(/ For more information.*$/s, ""),
    next: "try again; what has arrived is kept, and the transfer goes on from there",
    cause,
  });
}

export function proxyFailed(doing: string, proxy: string, cause: unknown): VialError {
  return new VialError({
    kind: "unavailable",
    code: "proxy-failed",
    what: `Cannot ${doing}: the proxy "${proxy}" does not serve`,
    why: reasonOf(cause).replace(/ For more information.*$/s, ""),
    next: "correct HTTP_PROXY and HTTPS_PROXY, or name the registry in NO_PROXY",
    cause,
  });
}

export function proxyInvalid(variable: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "proxy-invalid",
    what: `Cannot use the proxy of the environment variable ${variable}`,
    why: "its value is no address of the form http://HOST:PORT or https://HOST:PORT",
    next: `unset ${variable}, or set it like http://proxy.example:3128`,
  });
}

export function registryStalled(doing: string, host: string, seconds: number): VialError {
  return new VialError({
    kind: "deadline-exceeded",
    code: "registry-stalled",
    what: `Cannot ${doing}: "${host}" sent nothing for ${seconds} s`,
    why: "the registry, a proxy or the network between is stuck",
    next: "try again; what has arrived is kept, and the transfer goes on from there",
  });
}

export function certificateUntrusted(doing: string, host: string, reason: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "registry-certificate-untrusted",
    what: `Cannot ${doing}: the certificate of "${host}" is not trusted`,
    why: reason,
    next: `put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt, or name it as ca = "FILE" under [registry."${host}"] in /etc/vial/registries.toml`,
  });
}

export function plainHttpRefused(doing: string, host: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "registry-plain-http",
    what: `Cannot ${doing}: "${host}" does not speak TLS`,
    why: "plain HTTP is used only for loopback hosts and where the settings allow it",
    next: `if you trust that network, write insecure = true under [registry."${host}"] in /etc/vial/registries.toml`,
  });
}

export function tlsWanted(doing: string, host: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "registry-wants-tls",
    what: `Cannot ${doing}: "${host}" speaks TLS, and plain HTTP was asked for`,
    next: `write https:// before "${host}" in registries.toml, or leave the scheme out`,
  });
}

export function redirectRefused(doing: string, from: string, to: string, why: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "registry-redirect-refused",
    what: `Cannot ${doing}: "${from}" sends us to "${to}"`,
    why,
    next: "tell the people who run the registry; nothing was sent there",
  });
}

export function realmRefused(doing: string, host: string, realm: string, why: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "registry-realm-refused",
    what: `Cannot ${doing}: "${host}" names "${realm}" as the place to get a token`,
    why,
    next: "tell the people who run the registry; no credentials were sent",
  });
}

export function loginNeeded(doing: string, host: string, said: string): VialError {
  return new VialError({
    kind: "unauthenticated",
    code: "registry-login-needed",
    what: `Cannot ${doing}: "${host}" does not serve it to strangers`,
    why: `${said}; the repository is private, or it does not exist`,
    next: `check the name, or log in: vial login ${host}`,
  });
}

export function credentialsRefused(doing: string, host: string, said: string): VialError {
  return new VialError({
    kind: "unauthenticated",
    code: "registry-credentials-refused",
    what: `Cannot ${doing}: "${host}" does not accept the user name and password`,
    why: said,
    next: `log in again: vial login ${host}`,
  });
}

export function accessDenied(doing: string, host: string, said: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "registry-access-denied",
    what: `Cannot ${doing}: "${host}" denies it`,
    why: said,
    next: `log in as someone who may: vial login ${host}`,
  });
}

export function tagUnknown(
  doing: string,
  name: string,
  tag: string,
  near: string | undefined,
  said: string,
): VialError {
  return new VialError({
    kind: "not-found",
    code: "tag-unknown",
    what: `Cannot ${doing}: the repository has no tag "${tag}"`,
    why: said,
    next: `pick a tag from \`vial tags ${name}\`${near === undefined ? "" : `, such as "${near}"`}`,
  });
}

export function manifestUnknown(doing: string, name: string, digest: Digest, said: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "manifest-unknown",
    what: `Cannot ${doing}: the repository has no manifest ${digest}`,
    why: said,
    next: `pick a tag from \`vial tags ${name}\``,
  });
}

export function repositoryUnknown(doing: string, host: string, path: string, said: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "repository-unknown",
    what: `Cannot ${doing}: "${host}" has no repository "${path}"`,
    why: said,
    next: "check the spelling of the name, and the host before the first slash",
  });
}

export function blobUnknown(doing: string, digest: Digest, said: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "blob-unknown",
    what: `Cannot ${doing}: the registry does not hold the blob ${digest} that the image names`,
    why: said,
    next: "push the image to the registry again",
  });
}

export function blobTruncated(doing: string, digest: Digest, found: number, wanted: number): VialError {
  return new VialError({
    kind: "data-loss",
    code: "blob-truncated",
    what: `Cannot ${doing}: the registry sent only a part of the blob ${digest}`,
    why: `found ${found} bytes, wanted ${wanted}`,
    next: "try again, which goes on from there; if it happens again, push the image to the registry again",
  });
}

export function rateLimited(doing: string, host: string, said: string): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "registry-rate-limited",
    what: `Cannot ${doing}: "${host}" takes no more requests from here for now`,
    why: said,
    next: `wait and try again, or log in for a higher limit: vial login ${host}`,
  });
}

export function registryUnavailable(doing: string, host: string, said: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "registry-unavailable",
    what: `Cannot ${doing}: "${host}" cannot serve it now`,
    why: said,
    next: "try again later",
  });
}

export function answerUnexpected(doing: string, host: string, said: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "registry-answer-unexpected",
    what: `Cannot ${doing}: "${host}" gave an answer that the distribution specification does not know`,
    why: said,
    next: `check that a registry answers there: curl -i https://${host}/v2/`,
  });
}

export function answerTooLarge(doing: string, what: string, limit: number): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "registry-answer-too-large",
    what: `Cannot ${doing}: ${what} is larger than ${limit} bytes`,
    why: "a well-meant one is far smaller",
    next: "check the name of the image",
  });
}

export function manifestMismatch(doing: string, wanted: string, found: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "manifest-mismatch",
    what: `Cannot ${doing}: the manifest is not the one that its digest names`,
    why: `found ${found}, wanted ${wanted}`,
    next: "try again; if it happens again, the registry or a proxy between alters content",
  });
}

export function manifestTypeContradiction(doing: string, header: string, own: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "manifest-type-contradiction",
    what: `Cannot ${doing}: the manifest says one media type and the registry another`,
    why: `the registry says ${JSON.stringify(header)}, the document ${JSON.stringify(own)} (CVE-2021-41190)`,
    next: "push the image to the registry again",
  });
}

export function schemaOneRefused(doing: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "manifest-schema-one",
    what: `Cannot ${doing}: the image has a manifest of Docker schema 1, which has no digests to verify`,
    why: "registries gave it up in 2016",
    next: "push the image to the registry again with a present-day tool",
  });
}

export function platformMissing(doing: string, wanted: Platform, present: readonly Platform[]): VialError {
  const list = [...new Set(present.map(printPlatform))];
  return new VialError({
    kind: "not-found",
    code: "platform-missing",
    what: `Cannot ${doing}: the image has no variant for ${printPlatform(wanted)}`,
    why: list.length === 0 ? "its index names no platform" : `it has ${list.join(", ")}`,
    next: list[0] === undefined ? "choose another image" : `choose one that it has: --platform ${list[0]}`,
  });
}

export function imageForOtherPlatform(doing: string, wanted: Platform, found: Platform): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "image-for-other-platform",
    what: `Cannot ${doing}: the image is for ${printPlatform(found)}, and ${printPlatform(wanted)} was wanted`,
    next: `choose another image, or take it all the same: --platform ${printPlatform(found)}`,
  });
}

export function layerCountMismatch(doing: string, layers: number, diffIds: number): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "layer-count-mismatch",
    what: `Cannot ${doing}: its manifest and its config do not agree`,
    why: `the manifest names ${layers} layers, the config ${diffIds}`,
    next: "build and push the image again",
  });
}

export function foreignLayerRefused(doing: string, digest: Digest): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "foreign-layer",
    what: `Cannot ${doing}: the layer ${digest} is to be fetched from an address inside the image`,
    why: "Vial fetches layers from the registry alone, so that an image cannot make it call other hosts (CVE-2020-15157)",
    next: "choose an image whose layers are all in the registry",
  });
}

export function artifactRefused(doing: string, type: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "image-is-artifact",
    what: `Cannot ${doing}: it is no container image`,
    why: `its config has the media type ${JSON.stringify(type)}`,
    next: "choose another reference",
  });
}

export function storedBlobMissing(doing: string, digest: Digest): VialError {
  return new VialError({
    kind: "data-loss",
    code: "stored-blob-missing",
    what: `Cannot ${doing}: the store does not hold the blob ${digest} whole`,
    next: "see what else is missing: vial check",
  });
}

export function indexIncomplete(doing: string, missing: readonly Platform[]): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "index-incomplete",
    what: `Cannot ${doing}: the store holds only some of the images that its index names`,
    why: `those for ${missing.map(printPlatform).join(", ") || "other platforms"} were never pulled`,
    next: "pull the image again, and push that",
  });
}

export function settingsInvalid(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "registries-file-invalid",
    what: `Cannot read the registry settings "${path}"`,
    why,
    next: 'write them like: [registry."docker.io"] with mirrors = ["mirror.example"]',
  });
}

export function settingsFileUnreadable(path: string, cause: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "registry-file-unreadable",
    what: `Cannot read the file "${path}" that the registry settings need`,
    why: reasonOf(cause),
    next: `check that it is there and yours to read: ls -l ${path}`,
    cause,
  });
}

export function credentialFileInvalid(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "credential-file-invalid",
    what: `Cannot read the credentials in "${path}"`,
    why,
    next: `correct the file, or set it aside: mv ${path} ${path}.old`,
  });
}

export function credentialFileUnwritable(path: string, cause: unknown): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "credential-file-unwritable",
    what: `Cannot write the credentials to "${path}"`,
    why: reasonOf(cause),
    next: "set DOCKER_CONFIG to a folder that you may write",
    cause,
  });
}

export function credentialHelperFailed(helper: string, action: string, said: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "credential-helper-failed",
    what: `Cannot ${action} credentials with "docker-credential-${helper}"`,
    why: said,
    next: `check the helper: docker-credential-${helper} list`,
  });
}

export function notLoggedIn(host: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "registry-not-logged-in",
    what: `Cannot log out of "${host}": nobody is logged in there`,
    next: "see which registries are known: cat ~/.docker/config.json",
  });
}

export function homeMissing(): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "home-missing",
    what: "Cannot keep credentials: neither HOME nor DOCKER_CONFIG is set",
    next: "export HOME=/root",
  });
}

export function interrupted(doing: string): VialError {
  return new VialError({
    kind: "canceled",
    code: "transfer-interrupted",
    what: `Cannot ${doing}: it was interrupted`,
    why: "what has arrived is kept",
    next: "run the command again, which goes on from there",
  });
}
