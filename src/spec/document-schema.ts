import * as v from "valibot";
import { type Digest, isDigest } from "./digest.ts";

// Schemas of the OCI documents (image-spec v1.1) at the door. Unknown fields are kept: bytes are stored as received.

let made: ReturnType<typeof makeSchemas> | undefined;

/** Made on first use: that takes 0.5 ms, and most containers start without a document being read. */
export function documentSchemas(): ReturnType<typeof makeSchemas> {
  made ??= makeSchemas();
  return made;
}

function makeSchemas() {
  const digest = v.pipe(
    v.string(),
    v.check(isDigest, "is no sha256 or sha512 digest"),
    v.transform((text) => text as Digest),
  );
  const size = v.pipe(
    v.number(),
    v.integer("is no integer"),
    v.minValue(0, "is negative"),
    v.maxValue(2 ** 53 - 1, "is too large"),
  );
  const type = v.pipe(
    v.string(),
    v.regex(
      /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/,
      "is no media type",
    ),
  );
  const annotations = v.record(v.string(), v.string());
  const platform = v.looseObject({
    os: v.string(),
    architecture: v.string(),
    variant: v.optional(v.string()),
    "os.version": v.optional(v.string()),
    "os.features": v.optional(v.array(v.string())),
  });

  const descriptor = v.looseObject({
    mediaType: type,
    digest,
    size,
    urls: v.optional(v.array(v.string())),
    data: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "is no base64"),
      ),
    ),
    artifactType: v.optional(type),
    annotations: v.optional(annotations),
    platform: v.optional(platform),
  });

  const manifest = v.looseObject({
    schemaVersion: v.literal(2, "is not 2"),
    mediaType: v.optional(type),
    artifactType: v.optional(type),
    config: descriptor,
    layers: v.pipe(v.array(descriptor), v.maxLength(4096, "names more than 4096 layers")),
    subject: v.optional(descriptor),
    annotations: v.optional(annotations),
  });

  const index = v.looseObject({
    schemaVersion: v.literal(2, "is not 2"),
    mediaType: v.optional(type),
    artifactType: v.optional(type),
    manifests: v.pipe(v.array(descriptor), v.maxLength(4096, "names more than 4096 manifests")),
    subject: v.optional(descriptor),
    annotations: v.optional(annotations),
  });

  const emptyObject = v.record(v.string(), v.looseObject({}));
  // Docker writes null for empty lists and maps; image-spec readers take both.
  const nullish = <T extends v.GenericSchema>(schema: T) => v.nullish(schema);

  const imageConfig = v.looseObject({
    created: nullish(v.string()),
    author: nullish(v.string()),
    architecture: v.string(),
    variant: nullish(v.string()),
    os: v.string(),
    config: nullish(
      v.looseObject({
        User: nullish(v.string()),
        ExposedPorts: nullish(emptyObject),
        Env: nullish(
          v.array(
            v.pipe(
              v.string(),
              v.regex(/^[^=]+=.*$/s, "is no NAME=VALUE"),
              v.regex(/^[^\0]*$/, "holds a NUL"),
            ),
          ),
        ),
        Entrypoint: nullish(v.array(v.string())),
        Cmd: nullish(v.array(v.string())),
        Volumes: nullish(emptyObject),
        WorkingDir: nullish(v.string()),
        Labels: nullish(v.record(v.string(), v.string())),
        StopSignal: nullish(v.string()),
        Healthcheck: nullish(v.looseObject({})),
        Shell: nullish(v.array(v.string())),
        OnBuild: nullish(v.array(v.string())),
      }),
    ),
    rootfs: v.looseObject({
      type: v.literal("layers", "is not layers"),
      diff_ids: v.nullish(v.array(digest)),
    }),
    history: nullish(
      v.array(
        v.looseObject({
          created: nullish(v.string()),
          author: nullish(v.string()),
          created_by: nullish(v.string()),
          comment: nullish(v.string()),
          empty_layer: nullish(v.boolean()),
        }),
      ),
    ),
  });
  const anyKind = v.looseObject({ mediaType: v.optional(v.string()) });
  return { manifest, index, imageConfig, anyKind };
}
