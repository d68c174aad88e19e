import type { SubnetWish } from "#network";

/** What a door may wish of a new network, in Docker's terms. Each field acts or is refused. */
export interface NetworkCreateWish {
  readonly name: string;
  /** bridge (the default) or macvlan. */
  readonly driver?: string;
  readonly subnets?: readonly SubnetWish[];
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ingress?: boolean;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
  readonly scope?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ipamDriver?: string;
  readonly ipamOptions?: Readonly<Record<string, string>>;
}
