import { moreOfLibc, pointer } from "./libc.ts";

const TCSANOW = 0;
const TIOCGWINSZ = 0x5413n;
/** struct termios of glibc on Linux: four flag words, the line discipline, 32 control characters, two speeds. */
const termiosBytes = 60;

/** Puts a terminal into raw mode (termios(3), cfmakeraw) and gives the function that restores it. */
export function withRawTerminal(fd: number): () => void {
  const before = Buffer.alloc(termiosBytes);
  if (moreOfLibc().tcgetattr(fd, pointer(before)) !== 0) return () => {};
  const raw = Buffer.from(before);
  moreOfLibc().cfmakeraw(pointer(raw));
  moreOfLibc().tcsetattr(fd, TCSANOW, pointer(raw));
  return () => {
    moreOfLibc().tcsetattr(fd, TCSANOW, pointer(before));
  };
}

export function terminalSize(fd: number): { readonly rows: number; readonly columns: number } | undefined {
  const size = Buffer.alloc(8);
  if (moreOfLibc().ioctl(fd, TIOCGWINSZ, pointer(size)) !== 0) return undefined;
  const [rows, columns] = [size.readUInt16LE(0), size.readUInt16LE(2)];
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}
