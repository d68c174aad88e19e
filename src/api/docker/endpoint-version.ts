import type { ApiVersion } from "../api-version.ts";

type Document = Readonly<Record<string, unknown>>;

/**
 * The endpoints of a container as a version knows them. Before 1.45 the short id was among the aliases (compose 1.29 connects
 * anew without it), and before 1.44 there were no DNSNames.
 */
export function networksOf(
  version: ApiVersion,
  networks: Readonly<Record<string, Document>>,
  id: string,
): Readonly<Record<string, Document>> {
  if (version >= 45) return networks;
  return Object.fromEntries(
    Object.entries(networks).map(([name, { DNSNames, ...endpoint }]) => {
      const aliases = (endpoint.Aliases ?? []) as readonly string[];
      const isInNetwork = endpoint.NetworkID !== undefined && endpoint.NetworkID !== "";
      return [
        name,
        {
          ...endpoint,
          ...(version >= 44 && DNSNames !== undefined ? { DNSNames } : {}),
          Aliases: isInNetwork ? [...new Set([...aliases, id.slice(0, 12)])] : endpoint.Aliases,
        },
      ];
    }),
  );
}
