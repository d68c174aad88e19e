/** A `--mount=` as it was written: its values may hold variables, its `from` may not. */
export interface RunMountText {
  readonly text: string;
  readonly fields: readonly { readonly key: string; readonly value?: string }[];
  readonly from?: string;
}

interface Owned {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What a RUN sees beside the files of its image. */
export type RunMount =
  | {
      readonly kind: "bind";
      readonly from?: string;
      readonly source: string;
      readonly target: string;
      readonly readonly: boolean;
    }
  | ({
      readonly kind: "cache";
      /** Caches with one id are one; without an id the target is it. */
      readonly id?: string;
      readonly from?: string;
      readonly source: string;
      readonly target: string;
      readonly readonly: boolean;
      readonly sharing: "shared" | "private" | "locked";
    } & Owned)
  | { readonly kind: "tmpfs"; readonly target: string; readonly size?: number }
  | ({
      readonly kind: "secret";
      readonly id: string;
      /** Undefined: /run/secrets/ID, unless it goes into a variable. */
      readonly target?: string;
      readonly env?: string;
      readonly required: boolean;
    } & Owned)
  | ({
      readonly kind: "ssh";
      readonly id: string;
      readonly target?: string;
      readonly required: boolean;
    } & Owned);

export const mountKinds = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
export const sharingModes = ["shared", "private", "locked"] as const;

/** Other names of keys. */
export const mountKeyAlias: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
  rw: "readwrite",
};

/** The keys that each kind knows, beside `type`. */
export const mountKeys: Readonly<Record<RunMount["kind"], readonly string[]>> = {
  bind: ["from", "source", "target", "readonly", "readwrite"],
  cache: ["id", "from", "source", "target", "readonly", "readwrite", "sharing", "mode", "uid", "gid"],
  tmpfs: ["target", "size", "readonly", "readwrite"],
  secret: ["id", "source", "target", "env", "required", "readonly", "readwrite", "mode", "uid", "gid"],
  ssh: ["id", "target", "required", "readonly", "readwrite", "mode", "uid", "gid"],
};
