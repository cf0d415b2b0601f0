// The services that Restate calls: five durable steps in one handler, and five calls of another service.
//
//     EVC_BENCH_TOOLS=… node restate_service.mjs PORT

// The SDK wants Node 22; this is what Node 20 lacks of it.
Promise.withResolvers ??= function withResolvers() {
  let resolve, reject;
  const promise = new Promise((one, other) => {
    resolve = one;
    reject = other;
  });
  return { promise, resolve, reject };
};

const { require } = await import("./measure.mjs");
const restate = require("@restatedev/restate-sdk");

const step = restate.service({ name: "step", handlers: { run: async (_context, given) => ({ step: given.step }) } });
const flow = restate.service({
  name: "flow",
  handlers: {
    runs: async (context) => {
      let last;
      for (let at = 1; at <= 5; at++) last = await context.run(`step ${at}`, async () => ({ step: at }));
      return last;
    },
    calls: async (context) => {
      let last;
      for (let at = 1; at <= 5; at++) last = await context.serviceClient(step).run({ step: at });
      return last;
    },
  },
});

await restate.endpoint().bind(step).bind(flow).listen(Number(process.argv[2]));
