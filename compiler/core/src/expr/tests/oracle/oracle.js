// Evaluates batches of expressions; a line each, `[text, worlds, condition, outcome]`, and an empty line at the end of a batch.
const jsonata = require('jsonata');
const crypto = require('crypto');

// Step Functions' own functions.
const own = {
  partition: [(list, size) => {
    const parts = [];
    for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
    return parts;
  }, '<an:a<a>>'],
  range: [(from, to, step) => {
    const list = [];
    for (let at = from; step > 0 ? at <= to : at >= to; at += step) list.push(at);
    return list;
  }, '<nnn:a<n>>'],
  hash: [(text, algorithm) => crypto.createHash(algorithm.replace('-', '').toLowerCase()).update(text).digest('hex'), '<ss:s>'],
  random: [() => Math.random(), '<n?:n>'],
  uuid: [() => crypto.randomUUID(), '<:s>'],
  parse: [(text) => JSON.parse(text), '<s:x>'],
};

const compile = (text) => {
  const expression = jsonata(text);
  for (const [name, [implementation, signature]] of Object.entries(own)) {
    expression.registerFunction(name, implementation, signature);
  }
  return expression;
};

const truthy = (value) => {
  if (Array.isArray(value)) return value.some(truthy);
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
};

const finite = (value) => {
  if (typeof value === 'number') return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (value !== null && typeof value === 'object') return Object.values(value).every(finite);
  return true;
};

const evaluate = async ([text, worlds, when, outcome]) => {
  const results = [];
  let expression;
  let condition;
  try {
    expression = compile(text);
    condition = when ? compile(when) : undefined;
  } catch (error) {
    return worlds.map(() => ({ error: String(error.code), message: error.message }));
  }
  for (const world of worlds) {
    try {
      if (condition) {
        // Of its own: JSONata writes into lists that a constructor on a path meets empty.
        const held = truthy(await condition.evaluate(undefined, structuredClone(world)));
        if (held !== outcome) { results.push({ error: 'skip' }); continue; }
      }
    } catch (error) { results.push({ error: 'skip' }); continue; }
    try {
      const value = await expression.evaluate(undefined, world);
      results.push(value === undefined ? {} : finite(value) ? { value } : { error: 'skip' });
    } catch (error) {
      results.push({ error: String(error.code), message: error.message });
    }
  }
  return results;
};

(async () => {
  const lines = require('readline').createInterface({ input: process.stdin });
  let batch = [];
  for await (const line of lines) {
    if (line) { batch.push(JSON.parse(line)); continue; }
    const results = [];
    for (const one of batch) results.push(JSON.stringify(await evaluate(one)));
    batch = [];
    process.stdout.write(results.join('\n') + '\n');
  }
})();
