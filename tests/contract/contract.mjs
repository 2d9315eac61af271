// The handlers of the contract, for Node.js: ES module, async and callback style.

import fs from "node:fs";

let calls = 0;

export const echo_event = async (event) => event;

export const nothing = (event, context, callback) => callback(null);

export const raises = async () => {
  const error = new Error("boom");
  error.name = "ValueError";
  throw error;
};

export const sleeps = async () => {
  calls += 1;
  fs.writeFileSync(`${process.env.TMPDIR}/kept`, "");
  await new Promise((resolve) => setTimeout(resolve, 30_000));
};

export const counts = (event, context, callback) => {
  calls += 1;
  const kept = fs.existsSync(`${process.env.TMPDIR}/kept`);
  callback(null, { calls, kept, stream: context.logStreamName });
};

export const exits = async (event) => process.exit(event.status);

export const oversized = async () => "x".repeat(6291555);

export const says = async () => {
  process.stdout.write("grün 1\n");
  process.stderr.write("two\n");
  return "said";
};
