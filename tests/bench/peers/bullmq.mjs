// BullMQ: a job of each step adds the job of the next one.
//
//     EVC_BENCH_TOOLS=… node bullmq.mjs REDIS_PORT QUEUE WORKFLOWS IN_FLIGHT
//
// Prints a line of JSON: workflows a second, and the median and 99th percentile of a workflow's time in milliseconds.

import { measure, require } from "./measure.mjs";

const { Queue, Worker } = require("bullmq");
const [port, name, count, inFlight] = process.argv.slice(2);
const STEPS = 5;
const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
const options = { removeOnComplete: true };

const waiting = new Map();
const queue = new Queue(name, { connection });
const worker = new Worker(
  name,
  async (job) => {
    const { workflow, step } = job.data;
    if (step < STEPS) await queue.add("step", { workflow, step: step + 1 }, options);
    return { step };
  },
  { connection, concurrency: Number(inFlight) },
);
// A workflow is over when its last job is completed, in Redis and not before.
worker.on("completed", (job) => {
  if (job.data.step === STEPS) waiting.get(job.data.workflow)();
});
await worker.waitUntilReady();
let run = 0;
const start = (id) =>
  new Promise((resolve) => {
    const workflow = `${run}-${id}`;
    waiting.set(workflow, () => {
      waiting.delete(workflow);
      resolve();
    });
    void queue.add("step", { workflow, step: 1 }, options);
  });

await measure(200, Number(inFlight), start);
run++;
const loaded = await measure(Number(count), Number(inFlight), start);
run++;
const alone = await measure(300, 1, start);
console.log(JSON.stringify({ loaded, step: { p50: alone.p50 / STEPS, p99: alone.p99 / STEPS } }));
process.exit(0);
