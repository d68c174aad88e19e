/** What a folder needs, as one of its files tells. */
export interface Proposal {
  /** The file that it was read from. */
  readonly from: string;
  /** Packages of the distribution. */
  readonly packages: readonly string[];
  /** Instructions below the packages. */
  readonly lines: readonly string[];
}

/** The text of a file of the folder; undefined: there is none. */
export type ReadFile = (name: string) => string | undefined;

/** A virtual environment, because Debian's Python refuses to install beside its own packages (PEP 668). */
export const virtualEnvironment: readonly string[] = [
  "RUN python3 -m venv /opt/venv",
  'ENV PATH="/opt/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1',
];

/** Neither a cache nor compiled files, which hold times, get into the layer. */
export const pipInstall = "RUN pip install --no-cache-dir --no-compile";
