import { credentialFor, lookAtRemoteImage } from "#engine";
import { type ImageReference, parseReference } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { imageFault, pullFault } from "./image-phrases.ts";
import { credentialOf } from "./registry-auth.ts";

/** What the registry has under a name, without a pull. */
async function inspect({ params, headers, gone }: Exchange): Promise<Answer> {
  const name = params.name ?? "";
  let reference: ImageReference;
  try {
    reference = parseReference(name);
  } catch (error) {
    throw imageFault(name, error);
  }
  try {
    const credential = credentialFor(reference.domain, credentialOf(headers));
    const { descriptor, platforms } = await lookAtRemoteImage(reference, credential, gone);
    return { status: 200, json: { Descriptor: descriptor, Platforms: platforms } };
  } catch (error) {
    throw pullFault(reference, error);
  }
}

export const distributionRoutes: readonly Route[] = [
  { method: "GET", path: "/distribution/{name}/json", handle: inspect },
];
