// Tools that know no word of our subject. Each file stands alone.

export { splitCsvLine } from "./csv-line.ts";
export { EnvFileError, parseEnvFile } from "./env-file.ts";
export {
  headerFunctions,
  parseTemplate,
  type Template,
  TemplateError,
  type TemplateFunction,
  type TemplateOptions,
} from "./go-template.ts";
export { type Limit, limitTo } from "./limit.ts";
export { nearest } from "./nearest.ts";
export { quoteWord } from "./shell-words.ts";
export { printTable } from "./table.ts";
export { jsonText, showControls, showPath } from "./visible.ts";
