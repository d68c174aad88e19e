import { type InferOutput, object, optional, record, safeParse, string } from "valibot";

// What an image of the profile hpc says of itself, in the words of Apptainer's inspect-metadata.json (pkg/inspect).

/** Of the image, or of one of its apps. An empty text stands for nothing. */
export interface Attributes {
  readonly labels?: Readonly<Record<string, string>>;
  readonly runscript?: string;
  readonly startscript?: string;
  readonly test?: string;
  readonly helpfile?: string;
  readonly deffile?: string;
  /** Scripts that set variables, by their path inside. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ImageAttributes extends Attributes {
  readonly apps?: Readonly<Record<string, Attributes>>;
}

export type Part = keyof ImageAttributes;

const texts = record(string(), string());

const own = {
  labels: optional(texts),
  runscript: optional(string()),
  startscript: optional(string()),
  test: optional(string()),
  helpfile: optional(string()),
  deffile: optional(string()),
  environment: optional(texts),
};

const metadata = object({
  data: object({ attributes: object({ ...own, apps: optional(record(string(), object(own))) }) }),
});

/** Parses inspect-metadata.json; undefined for what is not in its form. */
export function parseMetadata(text: string): ImageAttributes | undefined {
  const parsed = safeParse(metadata, parseJson(text));
  return parsed.success ? withoutUndefined(parsed.output.data.attributes) : undefined;
}

/** Parses labels.json: names with texts. Values that are no texts are left out. */
export function parseLabels(text: string): Record<string, string> {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, label]) =>
      typeof label === "string" ? [[name, label] as const] : [],
    ),
  );
}

function withoutUndefined(attributes: InferOutput<typeof metadata>["data"]["attributes"]): ImageAttributes {
  // exactOptionalPropertyTypes: what is absent has no key.
  return JSON.parse(JSON.stringify(attributes)) as ImageAttributes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
