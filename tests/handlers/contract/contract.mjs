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

export const sleeps_once = (event, context, callback) => {
  calls += 1;
  const mark = `${process.env.TMPDIR}/kept`;
  const kept = fs.existsSync(mark);
  const answer = () => callback(null, { calls, kept, stream: context.logStreamName });
  if (kept) return answer();
  fs.writeFileSync(mark, "");
  setTimeout(answer, 3_000);
};

export const exits = async (event) => process.exit(event.status);

export const oversized = async () => "x".repeat(6291555);

export const says = async () => {
  process.stdout.write("grün 1\n");
  process.stderr.write("two\n");
  return "said";
};

export const NUMBER = 5;
