import { systemRoutes } from "./docker/system.ts";
import type { Route } from "./route.ts";

/** Every route. */
export const routes: readonly Route[] = [...systemRoutes];

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route of a path without its version. A name may have slashes (`/images/a/b/json`): `{name}` takes them. */
export function findRoute(method: string, path: string): Match | undefined {
  for (const { route, pattern, names } of compiled) {
    const found = route.method === method ? pattern.exec(path) : null;
    if (found === null) continue;
    return {
      route,
      params: Object.fromEntries(names.map((name, index) => [name, decode(found[index + 1] ?? "")])),
    };
  }
  return undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const compiled = routes.map((route) => {
  const names: string[] = [];
  const source = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return name === "name" ? "(.+)" : "([^/]+)";
  });
  return { route, pattern: new RegExp(`^${source}$`), names };
});
