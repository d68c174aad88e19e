import { findContainer, findExec, readSpec, recordEvent, resizeContainer } from "#engine";
import type { Answer, Exchange, Route } from "../route.ts";
import type { Query } from "../query.ts";
import { badParameter, DockerAnswer } from "./phrases.ts";

interface Size {
  readonly rows: number;
  readonly columns: number;
}

function readSize(query: Query): Size {
  return { rows: readSide(query, "h"), columns: readSide(query, "w") };
}

/** The kernel keeps each side of a terminal in 16 bits. */
function readSide(query: Query, name: string): number {
  const text = query.text(name) ?? "";
  const side = Number(text);
  if (!/^\d{1,5}$/.test(text) || side > 65535)
    throw badParameter(
      `invalid resize ${name === "h" ? "height" : "width"} ${JSON.stringify(text)}: value out of range or invalid syntax`,
    );
  return side;
}

/** `ConsoleSize` of an exec: [height, width], or null. */
export function readConsoleSize(value: unknown): Size | undefined {
  if (value === undefined || value === null) return undefined;
  const [rows, columns] = Array.isArray(value) ? value : [];
  const fits = (side: unknown): side is number =>
    Number.isInteger(side) && Number(side) >= 0 && Number(side) <= 65535;
  if (!fits(rows) || !fits(columns)) throw badParameter("invalid ConsoleSize: it has to be [height, width]");
  return rows === 0 || columns === 0 ? undefined : { rows, columns };
}

/** `POST /containers/{id}/resize` */
function resizeOne({ engine, params, query }: Exchange): Answer {
  const size = readSize(query);
  const place = findContainer(engine, params.id ?? "");
  if (!resizeContainer(place, size)) throw new DockerAnswer(409, `Container ${place.id} is not running`);
  recordEvent(engine, readSpec(place), "resize", { height: String(size.rows), width: String(size.columns) });
  return { status: 200 };
}

/** `POST /exec/{id}/resize` */
function resizeExec({ params, query }: Exchange): Answer {
  const size = readSize(query);
  const session = findExec(params.id ?? "");
  if (session.state.status === "exited") throw new DockerAnswer(409, `exec ${session.id} is not running`);
  session.resize(size);
  return { status: 200 };
}

export const resizeRoutes: readonly Route[] = [
  { method: "POST", path: "/containers/{id}/resize", handle: resizeOne },
  { method: "POST", path: "/exec/{id}/resize", handle: resizeExec },
];
