import { readFileSync } from "node:fs";

// A small checker of answers against a description in OpenAPI 2, as the Docker Engine API has it.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly "x-nullable"?: boolean;
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
  readonly parameters?: readonly { readonly in: string; readonly schema?: Schema }[];
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

export function readDescription(path: string): Description {
  return Bun.YAML.parse(readFileSync(path, "utf8")) as Description;
}

/** "GET /containers/json" and all others. */
export function endpointsOf({ paths }: Description): readonly string[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => ["get", "head", "post", "put", "delete"].includes(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** The schema of an answer, undefined where the description has none. */
export function answerSchema(
  description: Description,
  method: string,
  path: string,
  status: number,
): Schema | undefined {
  return description.paths[path]?.[method.toLowerCase()]?.responses[String(status)]?.schema;
}

/** The properties of an object, with those of what it is made of. */
export function propertiesOf(description: Description, schema: Schema): Readonly<Record<string, Schema>> {
  const whole = resolve(description, schema);
  return Object.assign(
    {},
    ...(whole.allOf ?? []).map((part) => propertiesOf(description, part)),
    whole.properties,
  ) as Readonly<Record<string, Schema>>;
}

/** dockerd answers null for these (measured), and the description does not say so. */
const nullInDockerd = new Set(["MemorySwappiness"]);

/** Answered by old versions as the list of changes of the API has it, and left out of their description. */
const undescribed = new Set(["BuilderSize"]);

function resolve(description: Description, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.slice("#/definitions/".length);
  const found = description.definitions[name];
  if (found === undefined) throw new Error(`the description has no ${name}`);
  return resolve(description, found);
}

/**
 * What is wrong with a value, a sentence each. Go writes null for an empty list or map, so that passes; a name that the
 * description does not have is a fault, for it is most often misspelt.
 */
export function faultsOf(
  description: Description,
  given: Schema,
  value: unknown,
  where = "answer",
): string[] {
  const schema = resolve(description, given);
  const isNullable = given["x-nullable"] === true || schema["x-nullable"] === true;
  if (value === null) {
    if (nullInDockerd.has(where.slice(where.lastIndexOf(".") + 1))) return [];
    const isGoNull = isNullable || ["object", "array"].includes(typeOf(description, schema));
    return isGoNull ? [] : [`${where} is null`];
  }
  const is = Array.isArray(value) ? "array" : typeof value;
  const type = typeOf(description, schema);
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${where} is ${JSON.stringify(value)}, which is none of ${JSON.stringify(schema.enum)}`];
  switch (type) {
    case "string":
    case "boolean":
      return is === type ? [] : [`${where} is of type ${is}, not ${type}`];
    case "integer":
      return Number.isInteger(value) ? [] : [`${where} is ${JSON.stringify(value)}, not a whole number`];
    case "number":
      return is === "number" ? [] : [`${where} is of type ${is}, not number`];
    case "array":
      if (!Array.isArray(value)) return [`${where} is of type ${is}, not array`];
      return value.flatMap((entry, index) =>
        faultsOf(description, schema.items ?? {}, entry, `${where}[${index}]`),
      );
    case "object":
      return is === "object"
        ? objectFaults(description, schema, value as Record<string, unknown>, where)
        : [`${where} is of type ${is}, not object`];
    default:
      return [];
  }
}

function typeOf(description: Description, schema: Schema): string {
  if (schema.type !== undefined) return schema.type;
  const parts = (schema.allOf ?? []).map((part) => typeOf(description, resolve(description, part)));
  if (parts.length > 0) return parts[0] ?? "object";
  return schema.properties !== undefined ? "object" : "any";
}

function objectFaults(
  description: Description,
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  where: string,
): string[] {
  const known = propertiesOf(description, schema);
  const { additionalProperties: others } = schema;
  const isMap = others !== undefined && others !== false;
  return [
    ...(schema.required ?? [])
      .filter((name) => !Object.hasOwn(value, name))
      .map((name) => `${where} has no ${name}`),
    ...Object.entries(value).flatMap(([name, entry]) => {
      const property = known[name];
      if (property !== undefined) return faultsOf(description, property, entry, `${where}.${name}`);
      if (isMap)
        return typeof others === "object" ? faultsOf(description, others, entry, `${where}.${name}`) : [];
      return Object.keys(known).length === 0 || undescribed.has(name)
        ? []
        : [`${where}.${name} is not in the description`];
    }),
  ];
}
