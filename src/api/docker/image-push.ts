import { credentialFor, listImages, pushImage } from "#engine";
import { familiarName, type ImageReference, parseNamed, printFamiliar } from "#spec";
import type { Answer, Exchange } from "../route.ts";
import { platformOfJson } from "./image-choice.ts";
import { imageFault, pushFault } from "./image-phrases.ts";
import { messageAnswer } from "./message-stream.ts";
import { DockerAnswer } from "./phrases.ts";
import { credentialOf } from "./registry-auth.ts";
import { transferReporter } from "./transfer-messages.ts";

/** POST /images/{name}/push: pushes a name with its tag, or all its tags where none is named. */
export async function push(exchange: Exchange): Promise<Answer> {
  const { engine, version, query, headers, gone } = exchange;
  const repository = readRepository(exchange);
  const tag = query.filled("tag");
  const platform = version >= 46 ? platformOfJson(query.filled("platform")) : undefined;
  const credential = credentialFor(repository.domain, credentialOf(headers));
  return await messageAnswer(
    async (messages) => {
      messages.say({ status: `The push refers to repository [${repository.domain}/${repository.path}]` });
      const references = tag === undefined ? hereOf(exchange, repository) : [{ ...repository, tag }];
      for (const reference of references) {
        const pushed = await pushImage(engine, reference, {
          credential,
          signal: gone,
          report: transferReporter(messages, "push"),
          ...(platform === undefined ? {} : { platform }),
        });
        const Tag = reference.tag ?? "latest";
        messages.say({ status: `${Tag}: digest: ${pushed.digest} size: ${pushed.size}` });
        messages.say({ progressDetail: {}, aux: { Tag, Digest: pushed.digest, Size: pushed.size } });
      }
    },
    (error) => pushFault(repository, error),
  );
}

/** A tag in the name says nothing here: the parameter does. */
function readRepository({ params }: Exchange): ImageReference {
  const name = params.name ?? "";
  try {
    const { domain, path, digest } = parseNamed(name);
    if (digest !== undefined) throw new DockerAnswer(400, "cannot push a digest reference");
    return { domain, path };
  } catch (error) {
    throw imageFault(name, error);
  }
}

function hereOf({ engine }: Exchange, repository: ImageReference): readonly ImageReference[] {
  const name = familiarName(repository);
  const found = listImages(engine.store)
    .images.flatMap((image) => image.names.map(parseNamed))
    .filter((reference) => familiarName(reference) === name);
  if (found.length === 0)
    throw new DockerAnswer(404, `An image does not exist locally with the tag: ${printFamiliar(repository)}`);
  return found;
}
