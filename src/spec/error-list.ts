import { VialError } from "./error.ts";

// The errors of the room `spec`, beside each other so that they can be proof-read.
// Named error-list.ts because error.ts holds the error class itself.

export function digestInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "digest-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a digest`,
    why: `a digest is "sha256:" and 64, or "sha512:" and 128, lower-case hexadecimal digits`,
    next: "copy the digest from `vial images --digests`",
  });
}

export function platformInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "platform-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a platform`,
    why: `a platform is "os/architecture" or "os/architecture/variant"`,
    next: 'write it like "linux/amd64" or "linux/arm/v7"',
  });
}

export function documentInvalid(what: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "document-invalid",
    what: `Cannot read ${what}`,
    why,
    next: "use another version of the image, or build and push this one again",
  });
}

export function referenceInvalid(text: string, why: string, near?: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "reference-invalid",
    what: `Cannot read ${JSON.stringify(text)} as an image reference`,
    why,
    next:
      near === undefined
        ? 'write it like "debian:12" or "localhost:5000/team/app:1.0"'
        : `did you mean "${near}"?`,
  });
}

export function sizeInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "size-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a size`,
    why: "a size is a number with an optional unit b, k, m, g, t or p (powers of 1024)",
    next: 'write it like "512m" or "1.5g"',
  });
}

export function durationInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "duration-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a duration`,
    why: "a duration is a row of numbers with units ns, us, ms, s, m or h",
    next: 'write it like "30s" or "1m30s"',
  });
}

export function filterValueInvalid(name: string, value: string, wanted: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "filter-value-invalid",
    what: `Cannot filter by ${JSON.stringify(`${name}=${value}`)}`,
    why: `the value of "${name}" has to be ${wanted}`,
    next: `give "${name}" ${wanted}`,
  });
}
