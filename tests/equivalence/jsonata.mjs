// The reference implementation of JSONata, for an interpreter of state machines that brings none.
//
//     node tests/equivalence/jsonata.mjs NODE_MODULES
//
// Reads a line of JSON for each expression, `{expression, bindings}`, and answers with a line: `{value}`, `{}` for nothing, or
// `{error}`. The functions that Step Functions adds are those of
// https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn

import { createHash, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const jsonata = createRequire(`${process.argv[2]}/`)("jsonata");
const ALGORITHMS = { "MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };

const added = {
  parse: (text) => JSON.parse(text),
  hash: (text, algorithm) => createHash(ALGORITHMS[algorithm]).update(text, "utf8").digest("hex"),
  uuid: () => randomUUID(),
  random: () => Math.random(),
  partition: (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size)),
  range: (from, to, step) => Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step),
};

async function answer({ expression, bindings }) {
  try {
    const prepared = jsonata(expression);
    for (const [name, does] of Object.entries(added)) prepared.registerFunction(name, does);
    const value = await prepared.evaluate(undefined, bindings);
    return value === undefined ? {} : { value };
  } catch (error) {
    return { error: `${error.code ?? "error"}: ${error.message}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
