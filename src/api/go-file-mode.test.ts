import { expect, test } from "bun:test";
import { goFileMode } from "./go-file-mode.ts";

test.each([
  [0o100644, 0o644],
  [0o040755, 0o20000000755],
  [0o041777, 0o20000000777 + 2 ** 20],
  [0o104755, 0o755 + 2 ** 23],
  [0o120777, 0o777 + 2 ** 27],
  [0o020666, 0o666 + 2 ** 26 + 2 ** 21],
])("goFileMode(%d) is Go's %d", (mode, go) => expect(goFileMode(mode)).toBe(go));
