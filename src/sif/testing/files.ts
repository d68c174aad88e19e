import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** A file of testdata/. */
export function testFile(name: string): string {
  return new URL(`../testdata/${name}`, import.meta.url).pathname;
}

/** A folder that is gone after the test. */
export class TestFolder implements Disposable {
  readonly path = mkdtempSync(`${tmpdir()}/vial-sif-`);

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
