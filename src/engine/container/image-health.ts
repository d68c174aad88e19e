import type { Healthcheck } from "#spec";
import { healthInvalid } from "../error.ts";

const millisecond = 1e6;
const times = ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const;

/**
 * The health check of an image, which anybody may have written: one with an interval of a nanosecond would keep the host
 * busy with starting checks. Zero is the default, as in Docker. Throws health-invalid.
 */
export function soundHealth(image: Healthcheck | null): Healthcheck | null {
  if (image === null) return null;
  const { Test, Retries } = image as Readonly<Record<keyof Healthcheck, unknown>>;
  if (Test !== undefined && !(Array.isArray(Test) && Test.every((word) => typeof word === "string")))
    throw healthInvalid("its Test is no list of words");
  if (Retries !== undefined && !(Number.isInteger(Retries) && Number(Retries) >= 0))
    throw healthInvalid(`its Retries is ${JSON.stringify(Retries)}, and no number from 0`);
  for (const name of times) {
    const time: unknown = image[name];
    if (time !== undefined && time !== 0 && !(typeof time === "number" && time >= millisecond))
      throw healthInvalid(
        `its ${name} is ${JSON.stringify(time)}, and no number of nanoseconds from ${millisecond}`,
      );
  }
  return image;
}
