import {
  createAndBegin,
  type Engine,
  findImageRecord,
  type ImageRecord,
  isUnpacked,
  recallImage,
  unpackAgain,
} from "#engine";
import { isVialError, parsePlatform } from "#spec";
import type { Answer, Exchange } from "../route.ts";
import { readCreateBody } from "./create/wish.ts";
import { platformMismatch } from "./phrases.ts";

/** `POST /containers/create` */
export async function createContainer({ engine, query, json }: Exchange): Promise<Answer> {
  const { image: name, wish, warnings } = readCreateBody(engine, await json(), query.filled("name"));
  const said = [...warnings];
  const image = await findImage(engine, name, query.filled("platform"));
  if (!isUnpacked(engine, image)) await unpackAgain(engine, image, (sentence) => void said.push(sentence));
  // Its volumes get what the image has when it is started, by the process that does that.
  const { spec } = createAndBegin(engine, image, name, wish, () => undefined);
  return { status: 201, json: { Id: spec.id, Warnings: said } };
}

async function findImage(engine: Engine, name: string, platform: string | undefined): Promise<ImageRecord> {
  if (platform === undefined)
    return recallImage(engine, name) ?? (await findImageRecord(engine, name, undefined));
  try {
    return await findImageRecord(engine, name, parsePlatform(platform));
  } catch (error) {
    if (isVialError(error) && error.code === "platform-mismatch") throw platformMismatch(name, platform);
    throw error;
  }
}
