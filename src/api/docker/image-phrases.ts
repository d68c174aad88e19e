import type { ImageUser } from "#engine";
import { familiarName, type ImageReference, isVialError, parseReference, printFamiliar } from "#spec";
import { DockerAnswer } from "./phrases.ts";

// Docker's own sentences about images.

export function imageMissing(text: string): DockerAnswer {
  return new DockerAnswer(404, `No such image: ${nameInFull(text)}`);
}

/** A name with its tag, an ID as it is. */
function nameInFull(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return `sha256:${text}`;
  try {
    return printFamiliar(parseReference(text));
  } catch {
    return text;
  }
}

export function referenceInvalid(why: string | undefined): DockerAnswer {
  return new DockerAnswer(400, `invalid reference format${why === undefined ? "" : `: ${why}`}`);
}

/** What Docker says where an image cannot be found by the name; other errors as they are. */
export function imageFault(text: string, error: unknown): unknown {
  if (!isVialError(error)) return error;
  if (error.code === "image-unknown") return imageMissing(text);
  if (error.code === "reference-invalid" || error.code === "digest-invalid")
    return referenceInvalid(error.why);
  return error;
}

export function inUseByName(text: string, user: ImageUser, id: string): DockerAnswer {
  const short = `container ${user.id.slice(0, 12)} is using its referenced image ${id.slice(7, 19)}`;
  return new DockerAnswer(
    409,
    `conflict: unable to remove repository reference "${text}" (must force) - ${short}`,
  );
}

export function inUseById(id: string, user: ImageUser): DockerAnswer {
  const how = user.running ? "cannot be forced" : "must be forced";
  const what = user.running ? "running" : "stopped";
  return new DockerAnswer(
    409,
    `conflict: unable to delete ${id.slice(7, 19)} (${how}) - image is being used by ${what} container ${user.id.slice(0, 12)}`,
  );
}

export function severalNames(id: string): DockerAnswer {
  return new DockerAnswer(
    409,
    `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
  );
}

/** What a registry's refusal of a pull is called. */
export function pullFault(reference: ImageReference, error: unknown): unknown {
  if (!isVialError(error)) return error;
  const name = familiarName(reference);
  switch (error.code) {
    case "tag-unknown":
    case "manifest-unknown":
      return new DockerAnswer(
        404,
        `manifest for ${printFamiliar(reference)} not found: manifest unknown: manifest unknown`,
      );
    case "repository-unknown":
      return new DockerAnswer(
        404,
        `repository ${name} not found: name unknown: repository name not known to registry`,
      );
    case "registry-login-needed":
    case "registry-access-denied":
      return new DockerAnswer(
        404,
        `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
      );
    case "registry-credentials-refused":
      return new DockerAnswer(500, "unauthorized: authentication required");
    case "platform-missing":
      return new DockerAnswer(
        404,
        `no matching manifest for ${/for (\S+)$/.exec(error.message)?.[1] ?? "this machine"} in the manifest list entries`,
      );
    default:
      return imageFault(name, error);
  }
}

/** What a registry's refusal of a push is called. */
export function pushFault(reference: ImageReference, error: unknown): unknown {
  if (!isVialError(error)) return error;
  switch (error.code) {
    case "registry-login-needed":
      return new DockerAnswer(500, "no basic auth credentials");
    case "registry-credentials-refused":
      return new DockerAnswer(500, "unauthorized: authentication required");
    case "registry-access-denied":
      return new DockerAnswer(500, "denied: requested access to the resource is denied");
    case "image-unknown":
      return new DockerAnswer(
        404,
        `An image does not exist locally with the tag: ${familiarName(reference)}`,
      );
    default:
      return error;
  }
}
