import type { LayerNode } from "./tree.ts";

// Trees of layers laid over each other, as overlayfs shows them: the upper name wins, two folders become one, and a
// whiteout, an opaque folder or anything else that is no folder ends what comes from below.

/** Puts a lower layer under what is there. Both are changed, and `lower` is not to be used after. */
export function mergeBelow(upper: LayerNode, lower: LayerNode): void {
  const rest: [above: LayerNode, below: LayerNode][] = [[upper, lower]];
  for (let pair = rest.pop(); pair !== undefined; pair = rest.pop()) {
    const [above, below] = pair;
    if (above.opaque) continue;
    for (const [name, low] of below.children!) {
      const high = above.children!.get(name);
      if (high === undefined) {
        above.children!.set(name, low);
        low.parent = above;
      } else if (high.children !== undefined) {
        if (low.children !== undefined) rest.push([high, low]);
        // What lies below a file is out of sight, and would be also without this folder.
        else high.opaque = true;
      }
    }
    if (below.opaque) above.opaque = true;
  }
}

/** Whether a file of the next lower layer would be seen through what is there. */
export function isVisibleBelow(upper: LayerNode, path: readonly string[]): boolean {
  let at = upper;
  for (const part of path) {
    if (at.opaque) return false;
    const next = at.children!.get(part);
    if (next === undefined) return true;
    if (next.children === undefined) return false;
    at = next;
  }
  return false;
}

/** The components of the path that the first name of a node gives it in its tree. */
export function pathOf(node: LayerNode): string[] {
  const parts: string[] = [];
  for (let at = node; at.name !== ""; at = at.parent!) parts.push(at.name);
  return parts.reverse();
}

/** All names of a tree but whiteouts: folders before what is in them, sorted. Paths are binary strings; "" is the root. */
export function* walkTree(root: LayerNode): Generator<readonly [path: string, node: LayerNode], void> {
  const rest: [string, LayerNode][] = [["", root]];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [path, node] = next;
    yield next;
    if (node.children === undefined) continue;
    // The last one of the stack comes first.
    const children = [...node.children].sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [name, child] of children)
      if (!child.isWhiteout) rest.push([path === "" ? name : `${path}/${name}`, child]);
  }
}
