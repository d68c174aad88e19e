import { readFileInside } from "#host";

const maxBytes = 4 * 1024 * 1024;

/** A text of the image; undefined for what is no regular file, or longer than any that a start reads. */
export function readInside(image: number, path: string): string | undefined {
  return readFileInside(image, path, maxBytes)?.toString();
}
