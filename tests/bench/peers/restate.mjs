// Restate: one workflow is one invocation with five steps.
//
//     EVC_BENCH_TOOLS=… node restate.mjs INGRESS_PORT HANDLER WORKFLOWS IN_FLIGHT
//
// Prints what bullmq.mjs prints.

import http from "node:http";

import { measure } from "./measure.mjs";

const [port, handler, count, inFlight] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });

const start = () =>
  new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port, path: `/flow/${handler}`, method: "POST", agent, headers: { "content-type": "application/json" } },
      (response) => {
        response.resume();
        response.on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      },
    );
    request.on("error", reject);
    request.end("{}");
  });

await measure(200, Number(inFlight), start);
const loaded = await measure(Number(count), Number(inFlight), start);
const alone = await measure(200, 1, start);
console.log(JSON.stringify({ loaded, step: { p50: alone.p50 / 5, p99: alone.p99 / 5 } }));
process.exit(0);
