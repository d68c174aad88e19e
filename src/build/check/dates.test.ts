import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { findDates } from "./dates.ts";

test("findDates() finds the forms of a day, also where a piece of the archive ends inside of one", async () => {
  const folder = mkdtempSync(`${tmpdir()}/vial-dates-`);
  try {
    const texts = {
      iso: "built 2026-11-25T10:00",
      words: "on Nov 25, 2026",
      date: "Wed Nov 25 10:00:00 UTC 2026",
      early: "day Nov  5 2026 is another",
      other: "2026-11-24 and 20261125",
      older: "Wed Nov 25 10:00:00 UTC 2009, which was a Wednesday too",
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(`${folder}/${name}`, text);
    const tar = Bun.spawnSync(["tar", "-cf", "-", "--sort=name", "-C", folder, "."]).stdout;
    const expected = [
      { path: "/date", date: "Wed Nov 25 " },
      { path: "/iso", date: "2026-11-25" },
      { path: "/words", date: "Nov 25, 2026" },
    ];
    const day = new Date("2026-11-25T12:00:00Z");
    expect(await findDates([tar], day)).toEqual(expected);
    const pieces = Array.from({ length: Math.ceil(tar.length / 7) }, (_, at) =>
      tar.subarray(at * 7, at * 7 + 7),
    );
    expect(await findDates(pieces, day)).toEqual(expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
