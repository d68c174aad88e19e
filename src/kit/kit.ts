// Tools that know no word of our subject. Each file stands alone.

export { editDistance, nearest } from "./nearest.ts";
