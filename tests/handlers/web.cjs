const serverless = require("serverless-http");

const PICTURE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

async function whole(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function app(request, response) {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/cookies") response.setHeader("Set-Cookie", ["a=1", "b=2; Secure"]);
  if (url.pathname === "/picture") {
    response.setHeader("Content-Type", "image/png");
    return response.end(PICTURE);
  }
  response.statusCode = request.method === "POST" ? 201 : 200;
  response.setHeader("Content-Type", "application/json");
  const asked = { path: decodeURIComponent(url.pathname), tags: url.searchParams.getAll("tag") };
  return response.end(JSON.stringify({ ...asked, body: await whole(request) }));
}

exports.handler = serverless(app, { binary: ["image/*"], basePath: "/prod" });
