import { credentialFor, listRemoteTags, pullImage } from "#engine";
import {
  familiarName,
  type ImageReference,
  parseDigest,
  parseNamed,
  parsePlatform,
  printFamiliar,
} from "#spec";
import type { Answer, Exchange } from "../route.ts";
import { imageFault, pullFault, referenceInvalid } from "./image-phrases.ts";
import { type Messages, messageAnswer } from "./message-stream.ts";
import { credentialOf } from "./registry-auth.ts";
import { transferReporter } from "./transfer-messages.ts";

/** POST /images/create?fromImage=: pulls an image, or all tags of a repository where neither tag nor digest is named. */
export async function pull(exchange: Exchange): Promise<Answer> {
  const reference = readReference(exchange);
  const isWhole = reference.tag === undefined && reference.digest === undefined;
  return await messageAnswer(
    async (messages) => {
      const references = isWhole ? await allTags(exchange, reference) : [reference];
      for (const one of references) await pullOne(exchange, one, messages);
    },
    (error) => pullFault(reference, error),
  );
}

/** `tag` may be a digest, and wins over a tag in the name; a digest in the name wins over all. */
function readReference({ query }: Exchange): ImageReference {
  const name = query.text("fromImage") ?? "";
  const tag = query.filled("tag");
  try {
    const named = parseNamed(name);
    if (named.digest !== undefined || tag === undefined) return named;
    const { domain, path } = named;
    if (tag.includes(":")) return { domain, path, digest: parseDigest(tag) };
    return parseNamed(`${domain}/${path}:${tag}`);
  } catch (error) {
    throw imageFault(name, error);
  }
}

async function allTags({ headers, gone }: Exchange, reference: ImageReference) {
  const { domain, path } = reference;
  const tags = await listRemoteTags(reference, gone, credentialFor(domain, credentialOf(headers)));
  if (tags.length === 0) throw referenceInvalid(`the repository ${familiarName(reference)} has no tags`);
  return tags.map((tag): ImageReference => ({ domain, path, tag }));
}

async function pullOne(
  { engine, query, headers, gone }: Exchange,
  reference: ImageReference,
  messages: Messages,
): Promise<void> {
  const platform = query.filled("platform");
  const report = transferReporter(messages, "pull");
  const pulled = await pullImage(engine, reference, {
    credential: credentialFor(reference.domain, credentialOf(headers)),
    signal: gone,
    warn: (sentence) => messages.say({ status: `warning: ${sentence}` }),
    report: (event) => {
      if (event.kind === "resolved")
        messages.say({
          status: `Pulling from ${reference.path}`,
          id: reference.digest ?? reference.tag ?? "latest",
        });
      report(event);
    },
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  });
  messages.say({ status: `Digest: ${pulled.repositoryDigest}` });
  const what = pulled.changed ? "Downloaded newer image" : "Image is up to date";
  messages.say({ status: `Status: ${what} for ${printFamiliar(reference)}` });
}
