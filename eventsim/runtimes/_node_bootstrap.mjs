// A runtime for Node.js handlers: polls the Runtime API and calls what _HANDLER names.
//
// Handlers may be async, return a promise, or take a callback, as ES modules or as CommonJS.
// It has no dependencies and no native code, and stands alone: node _node_bootstrap.mjs
//
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const environment = process.env;
const root = environment.LAMBDA_TASK_ROOT ?? process.cwd();
const [host, port] = environment.AWS_LAMBDA_RUNTIME_API.split(":");
const runtime = "/2018-06-01/runtime";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const json = environment.AWS_LAMBDA_LOG_FORMAT === "JSON";
const exit = process.exit.bind(process);
const native = { error: Error, now: Date.now, immediate: setImmediate };
let requestId = "";

// The Runtime API

function ask(method, address, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? undefined : Buffer.from(body);
    if (content !== undefined) {
      headers = { "Content-Type": "application/json", "Content-Length": content.length, ...headers };
    }
    const request = http.request({ host, port, method, path: runtime + address, headers, agent });
    request.on("error", reject);
    request.on("response", (response) => {
      const parts = [];
      response.on("error", reject);
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
    });
    request.end(content);
  });
}

async function post(address, body, errorType) {
  const headers = errorType ? { "Lambda-Runtime-Function-Error-Type": errorType } : {};
  const { status, text } = await ask("POST", address, body, headers);
  if (status !== 202 && status !== 413) {
    throw new native.error(`the Runtime API refused ${address} with ${status}: ${text}`);
  }
}

// Errors

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// Files are named as they are on Lambda, so that an answer is the same on every machine.
function onLambda(text) {
  return text
    .replaceAll(import.meta.url, "file:///var/runtime/index.mjs")
    .replaceAll(`${pathToFileURL(root).href}/`, "file:///var/task/")
    .replaceAll(`${root}/`, "/var/task/");
}

function described(error) {
  if (error instanceof native.error || Object.prototype.toString.call(error) === "[object Error]") {
    const trace = onLambda(String(error.stack ?? "")).split("\n");
    return { errorType: error.name, errorMessage: onLambda(String(error.message)), trace };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function detailed(error) {
  const { errorType, errorMessage, trace } = described(error);
  const fields = {};
  if (error !== null && typeof error === "object") {
    for (const [name, value] of Object.entries(error)) {
      if (name !== "name") fields[name] = value;
    }
  }
  return { errorType, errorMessage, ...fields, stack: trace };
}

function encoded(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    return JSON.stringify({ errorType: described(error).errorType, errorMessage: "not JSON" });
  }
}

// The log

const LEVELS = { log: "INFO", trace: "TRACE", debug: "DEBUG", info: "INFO", warn: "WARN", error: "ERROR" };

function write(text) {
  let content = Buffer.from(text);
  while (content.length > 0) {
    try {
      content = content.subarray(fs.writeSync(1, content));
    } catch (error) {
      if (error.code !== "EAGAIN") return;
    }
  }
}

function log(level, message, error) {
  const timestamp = new Date(native.now()).toISOString();
  if (json) {
    const line = { timestamp, level, requestId: requestId || undefined, message: error ?? message };
    write(`${encoded(line)}\n`);
  } else {
    const text = error === undefined ? message : `${message}\t${encoded(error)}`;
    write(`${timestamp}\t${requestId || "undefined"}\t${level}\t${text}\n`);
  }
}

for (const [name, level] of Object.entries(LEVELS)) {
  console[name] = (...values) => log(level, format(...values));
}
console.fatal = (...values) => log("FATAL", format(...values));

// The handler

function split(text) {
  const file = path.basename(text);
  const dot = file.indexOf(".");
  if (dot < 1 || dot === file.length - 1) throw new Fault("Runtime.MalformedHandlerName", "Bad handler");
  return [path.join(path.dirname(text), file.slice(0, dot)), file.slice(dot + 1)];
}

async function imported(name) {
  const base = path.resolve(root, name);
  const found = ["", ".js", ".mjs", ".cjs"].map((end) => base + end).find((file) => {
    return fs.statSync(file, { throwIfNoEntry: false })?.isFile();
  });
  try {
    if (found === undefined) return createRequire(path.join(root, "package.json"))(base);
    if (found.endsWith(".cjs")) return createRequire(found)(found);
    return await import(pathToFileURL(found).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault("Runtime.UserCodeSyntaxError", onLambda(error.stack));
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      const missing = `Error: Cannot find module '${path.basename(name)}'`;
      const text = found === undefined ? `${missing}\nRequire stack:\n- /var/runtime/index.mjs` : `${error}`;
      throw new Fault("Runtime.ImportModuleError", onLambda(text));
    }
    throw error;
  }
}

async function load(text) {
  if (text.includes("..")) throw new Fault("Runtime.MalformedHandlerName", `'${text}' is not a valid handler`);
  const [name, words] = split(text);
  const module = await imported(name);
  for (const start of [module, module.default]) {
    const found = words.split(".").reduce((value, word) => value?.[word], start);
    if (typeof found === "function") return found;
    if (found !== undefined) {
      throw new Fault("Runtime.HandlerNotFound", `${text} is not a function`);
    }
  }
  throw new Fault("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
}

// An invocation

function contextOf(headers, call) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parsed = (name) => (headers[name] === undefined ? undefined : JSON.parse(headers[name]));
  return {
    get callbackWaitsForEmptyEventLoop() {
      return call.waits;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      call.waits = value;
    },
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed("lambda-runtime-client-context"),
    identity: parsed("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => deadline - native.now(),
    done: (error, result) => call.finish(error, result, false),
    succeed: (result) => call.finish(null, result, false),
    fail: (error) => call.finish(error ?? new native.error("handled"), undefined, false),
  };
}

const NEVER_SETTLED =
  "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly " +
  "caused by a Promise that was never settled. For more information, see " +
  "https://nodejs.org/docs/latest/api/process.html#process_exit_codes";

// What has been answered, and what to answer once nothing is left to run: what a callback was
// given, null for a callback that was never called, an error for a promise that nobody settles.
function begin() {
  const call = { waits: true, settled: false, promised: true };
  call.answered = new Promise((resolve) => {
    call.finish = (error, result, waits) => {
      if (call.settled) return;
      call.settled = true;
      const outcome = error === null || error === undefined ? { result } : { error };
      if (waits && call.waits) call.onEmpty = () => resolve(outcome);
      else native.immediate(() => resolve(outcome));
    };
    call.onEmpty = () => {
      call.settled = true;
      resolve(call.promised ? { error: new Fault("Runtime.NodeJsExit", NEVER_SETTLED) } : { result: null });
    };
  });
  return call;
}

let current = null;

async function invoke(handler, { headers, text }) {
  const call = (current = begin());
  try {
    const context = contextOf(headers, call);
    const event = JSON.parse(text);
    const returned = handler(event, context, (error, result) => call.finish(error, result, true));
    if (typeof returned?.then === "function") {
      returned.then(
        (result) => call.finish(null, result, false),
        (error) => call.finish(error ?? new native.error(String(error)), undefined, false),
      );
    } else {
      call.promised = false;
    }
  } catch (error) {
    call.finish(error ?? new native.error(String(error)), undefined, false);
  }
  return await call.answered;
}

function marshalled(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch (error) {
    throw new native.error(`Unable to stringify response body: ${error.message}`);
  }
}

async function answer(outcome) {
  const address = `/invocation/${requestId}`;
  let { error } = outcome;
  if (!("error" in outcome)) {
    try {
      return await post(`${address}/response`, marshalled(outcome.result));
    } catch (failed) {
      error = failed;
    }
  }
  log("ERROR", "Invoke Error ", detailed(error));
  return await post(`${address}/error`, encoded(described(error)));
}

// The process

async function fatal(error, kind) {
  log("ERROR", kind, detailed(error));
  const body = encoded(described(error));
  try {
    if (current === null) await post("/init/error", body, described(error).errorType);
    else await post(`/invocation/${requestId}/error`, body);
  } finally {
    exit(128 + 1);
  }
}

process.on("uncaughtException", (error) => fatal(error, "Uncaught Exception "));
process.on("unhandledRejection", (reason) => {
  const error = new Fault("Runtime.UnhandledPromiseRejection", String(reason));
  if (reason instanceof native.error) error.stack = `${error.name}: ${reason.stack}`;
  fatal(error, "Unhandled Promise Rejection ");
});
process.on("beforeExit", () => current?.onEmpty?.());

async function main() {
  let handler;
  try {
    handler = await load(environment._HANDLER ?? "");
  } catch (error) {
    return await fatal(error, "Uncaught Exception ");
  }
  for (;;) {
    const event = await ask("GET", "/invocation/next");
    if (event.status !== 200) throw new native.error(`no event: ${event.status} ${event.text}`);
    requestId = event.headers["lambda-runtime-aws-request-id"];
    environment._X_AMZN_TRACE_ID = event.headers["lambda-runtime-trace-id"] ?? "";
    await answer(await invoke(handler, event));
    current = { idle: true };
  }
}

main();
