import { type Engine, findImage, type StoredImage } from "#engine";
import { parsePlatform, type Platform } from "#spec";
import { imageFault } from "./image-phrases.ts";
import { DockerAnswer } from "./phrases.ts";

/** Finds the image that a path names. Throws Docker's sentences. */
export function chooseImage(engine: Engine, text: string, platform?: Platform): StoredImage {
  try {
    return findImage(engine.store, text, platform);
  } catch (error) {
    throw imageFault(text, error);
  }
}

/** The parameter `platform` of routes that take it as JSON: `{"os":"linux","architecture":"arm64"}`. */
export function platformOfJson(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  let document: Partial<Record<string, unknown>>;
  try {
    document = JSON.parse(text) as Partial<Record<string, unknown>>;
  } catch {
    throw new DockerAnswer(400, "invalid platform: it is no JSON");
  }
  const { os, architecture, variant } = document ?? {};
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "")
    throw new DockerAnswer(400, "invalid platform: it needs os and architecture");
  return parsePlatform(
    [os, architecture, ...(typeof variant === "string" && variant !== "" ? [variant] : [])].join("/"),
  );
}
