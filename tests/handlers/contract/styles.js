// Every style that a Node.js handler may have, in CommonJS.

exports.sync = () => "a value that is returned counts for nothing";

exports.never = async () => {
  await new Promise(() => {});
};

exports.forgets = (event, context, callback) => {};

exports.waits = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = event.waits;
  setTimeout(() => console.log("later"), 50);
  callback(null, "called back");
};

exports.throwsText = async () => {
  throw "just text";
};

exports.fails = (event, context, callback) => callback(new TypeError("no"));

exports.throwsLate = (event, context, callback) => {
  setTimeout(() => {
    throw new RangeError("late");
  }, 5);
};

exports.rejects = async () => {
  Promise.reject(new Error("nobody listens"));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
};

exports.logs = async () => {
  console.log("one %s", { a: 1 });
  console.info("two");
  console.warn("three\nfour");
  console.error("five");
  console.debug("six");
};

exports.tells = async (event, context) => ({
  ...context,
  remaining: context.getRemainingTimeInMillis(),
  trace: process.env._X_AMZN_TRACE_ID,
});

exports.circular = async () => {
  const answer = {};
  answer.answer = answer;
  return answer;
};

exports.big = async () => 10n;

exports.succeeds = (event, context) => context.succeed({ done: "old style" });

exports.done = (event, context) => context.done(null, "old style");

exports.gives_up = (event, context) => context.fail("old style");

exports.inner = { deep: { handler: async () => "deep" } };

exports.number = 5;
