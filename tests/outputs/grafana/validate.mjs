// Holds dashboards against the types that Grafana publishes (@grafana/schema): nothing missing, nothing misspelt, nothing
// that is not there. The types are made into a JSON schema, for the names of an enumeration are no values in TypeScript.
//
//     node validate.mjs DASHBOARD.json…

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import { createGenerator } from "ts-json-schema-generator";

const types = join(dirname(createRequire(import.meta.url).resolve("@grafana/schema/package.json")), "dist/types");
const ajv = new Ajv({ strict: false, allErrors: true });
const compiled = new Map();
// Made once: that takes a second or two each.
const made = join(dirname(fileURLToPath(import.meta.url)), "schemas");
mkdirSync(made, { recursive: true });

function schema(path, type) {
    const kept = join(made, `${path.replaceAll("/", "-")}-${type}.json`);
    if (!existsSync(kept)) {
        const options = { path: join(types, path), type, skipTypeCheck: true, additionalProperties: false };
        const text = JSON.stringify(createGenerator(options).createSchema(type));
        writeFileSync(`${kept}.${process.pid}`, text);
        renameSync(`${kept}.${process.pid}`, kept);
    }
    return JSON.parse(readFileSync(kept, "utf8"));
}

/** What is wrong with a value of a type. */
function wrong(path, type, value) {
    const key = `${path} ${type}`;
    if (!compiled.has(key)) compiled.set(key, ajv.compile(schema(path, type)));
    const validate = compiled.get(key);
    return validate(value) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

/** An annotation without what its data source adds to it, which the schema leaves to that. */
function common({ titleFormat, textFormat, tagKeys, useValueForTime, target, ...rest }) {
    if (rest.datasource.type !== "grafana" || target === undefined) return rest;
    const { refId, ...tags } = target;
    return { ...rest, target: tags };
}

let problems = 0;
for (const file of process.argv.slice(2)) {
    const dashboard = JSON.parse(readFileSync(file, "utf8"));
    const annotations = { list: dashboard.annotations.list.map(common) };
    const found = wrong("raw/dashboard/x/types.gen.d.ts", "Dashboard", { ...dashboard, annotations });
    for (const panel of dashboard.panels) {
        if (panel.type === "row") continue;
        const path = `raw/composable/${panel.type.replaceAll("-", "")}/panelcfg/x/types.gen.d.ts`;
        const told = (what) => (text) => `${panel.title}: ${what}${text}`;
        found.push(...wrong(path, "Options", panel.options).map(told("options")));
        // Single figures have no look of their own.
        const custom = panel.fieldConfig.defaults.custom;
        if (Object.keys(custom).length > 0) found.push(...wrong(path, "FieldConfig", custom).map(told("custom")));
    }
    for (const text of found) console.error(`${file}: ${text}`);
    problems += found.length;
}
process.exit(problems > 0 ? 1 : 0);
