import { type ByteSource, TarReader } from "#image";

// Dates in files. A build that writes the day gives the same bytes twice today, and others tomorrow.

export interface FoundDate {
  /** Absolute, in the image. */
  readonly path: string;
  /** As it stands in the file. */
  readonly date: string;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The longest form: "Wed Nov 25 01:40:01 PM NZDT 2026". */
const span = 36;

/** The first date of `day` (in UTC) in each file of an uncompressed layer. */
export async function findDates(layer: ByteSource, day: Date): Promise<readonly FoundDate[]> {
  const needles = formsOf(day).map((text) => Buffer.from(text));
  const year = Buffer.from(day.toISOString().slice(0, 4));
  const found: FoundDate[] = [];
  let path = "";
  let isFound = false;
  let rest = Buffer.alloc(0);
  const reader = new TarReader(
    {
      entry(entry) {
        path = `/${Buffer.from(entry.name, "latin1")
          .toString()
          .replace(/^(?:\.?\/)+/, "")}`;
        isFound = false;
        rest = Buffer.alloc(0);
      },
      data(bytes) {
        if (isFound) return;
        // A date may lie across two pieces.
        const piece = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
        const needle = needles.find((one) => {
          const at = piece.indexOf(one);
          // The form of date(1) has its year at the end; without it, the same day of another year would be found.
          return at >= 0 && piece.subarray(at, at + span).includes(year);
        });
        if (needle !== undefined) {
          isFound = true;
          found.push({ path, date: needle.toString() });
        }
        rest = Buffer.from(piece.subarray(Math.max(0, piece.length - span)));
      },
      end() {},
    },
    { subject: "the layer", missingEnd: "accept" },
  );
  for await (const bytes of layer) reader.push(bytes);
  return found;
}

/** How programs write a day. Not "20261125": that is as likely a number. */
function formsOf(day: Date): readonly string[] {
  const iso = day.toISOString().slice(0, 10);
  const [year = "", month = "", date = ""] = iso.split("-");
  const name = months[Number(month) - 1] ?? "";
  const short = String(Number(date));
  return [
    iso,
    `${year}/${month}/${date}`,
    `${name} ${short}, ${year}`,
    `${name} ${short} ${year}`,
    `${name} ${short.padStart(2)} ${year}`,
    `${short} ${name} ${year}`,
    `${date} ${name} ${year}`,
    // date(1) and ctime(3): "Wed Nov 25 13:40:01".
    ...["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].map(
      (weekday) => `${weekday} ${name} ${short.padStart(2)} `,
    ),
  ];
}
