// The words of the table: one option of Apptainer, and what becomes of it here.

/**
 * `works`: it acts. `always`: Vial is so without it, and it is taken. `not-yet` and `refused` end the command with the note
 * as the reason.
 */
export type StateName = "works" | "always" | "not-yet" | "refused";

export interface State {
  readonly is: StateName;
  /** One sentence for people, without a full stop; needed but for `works`. */
  readonly note?: string;
}

export interface Option {
  readonly name: string;
  readonly short?: string;
  readonly kind: "bool" | "string" | "list";
  /** Placeholder in the help text. */
  readonly value?: string;
  readonly help: string;
  /** Variables that stand for it, without APPTAINER_ and SINGULARITY_; the first that is set is taken. */
  readonly variables: readonly string[];
  readonly state: State;
  /** The flag of Vial's command that it becomes; its own name when left out. */
  readonly becomes?: string;
  /** Makes of a value what Vial's flag takes. */
  readonly translate?: (value: string) => string;
  /** Vial's command reads the variables itself, for they add to the option and do not stand in for it. */
  readonly addsVariables?: true;
  /** It does not act, and a variable that a site sets for everybody shall not end every command: it is warned of. */
  readonly warnsByVariable?: true;
  /** A switch that turns the flag which it becomes off. */
  readonly negates?: true;
  readonly isHidden?: true;
}

type Spelling = readonly [name: string, short?: string];

type More = Partial<Omit<Option, "name" | "short" | "kind" | "help" | "state">> & { readonly note?: string };

function maker(is: StateName) {
  // Some hundred of these are made at each start: one copy each.
  const make =
    (kind: Option["kind"]) =>
    ([name, short]: Spelling, help: string, more: More = {}): Option => {
      const made: Option = {
        ...more,
        name,
        kind,
        help,
        variables: more.variables ?? [],
        state: { is, ...noteOf(more) },
      };
      return short === undefined ? made : Object.assign(made, { short });
    };
  return { bool: make("bool"), text: make("string"), list: make("list") };
}

function noteOf({ note }: More): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

export const works = maker("works");
export const always = maker("always");
export const notYet = maker("not-yet");
export const refused = maker("refused");

/** One command of Apptainer. */
export interface PersonaCommand {
  /** "exec", "instance start". */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly args: readonly [min: number, max: number];
  /** False: options end at the first argument, as what follows belongs to the program. */
  readonly interspersed?: false;
  readonly state: State;
  readonly options: readonly Option[];
  readonly isHidden?: true;
}
