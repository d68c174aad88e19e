import { showControls } from "./visible.ts";

const minWidth = 10;
const gap = 3;

/**
 * Lines of cells in columns like Docker's: at least 10 wide, 3 spaces between, the last cell of a line as it is.
 * Control characters are shown, because a line break in a label would break the table.
 */
export function printTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => showControls(cell)));
  const widths: number[] = [];
  for (const row of cells)
    for (const [column, cell] of row.slice(0, -1).entries())
      widths[column] = Math.max(widths[column] ?? minWidth, Bun.stringWidth(cell) + gap);
  return cells
    .map((row) => {
      const last = row.length - 1;
      const padded = row.map((cell, column) => (column === last ? cell : padTo(cell, widths[column] ?? 0)));
      return `${padded.join("")}\n`;
    })
    .join("");
}

function padTo(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}
