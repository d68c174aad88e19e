import { printSize } from "#spec";
import type { Message } from "./message-stream.ts";

const barWidth = 50;

/** "[=====>        ]  1.2MB/3.4MB", as moby draws it for clients that do not draw themselves. */
function progressText(current: number, total: number): string {
  const numbers = `${printSize(current).padStart(8)}/${printSize(total)}`;
  if (total <= 0 || current > total) return printSize(current).padStart(8);
  const filled = Math.min(barWidth, Math.floor((current * barWidth) / total));
  const bar = filled === barWidth ? "=".repeat(barWidth) : `${"=".repeat(filled)}>`;
  return `[${bar.padEnd(barWidth + (filled === barWidth ? 1 : 0))}] ${numbers}`;
}

export function progressMessage(id: string, status: string, current: number, total: number) {
  return { status, progressDetail: { current, total }, progress: progressText(current, total), id };
}

export function phaseMessage(id: string, status: string): Message {
  return { status, progressDetail: {}, id };
}
