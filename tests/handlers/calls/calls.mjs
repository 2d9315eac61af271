// The same without a library of AWS's: nobody checks a signature, only whose it is.

export const handler = async ({ method, service, path = "/", target, body }) => {
  const { AWS_ACCESS_KEY_ID: key, AWS_REGION: region, AWS_ENDPOINT_URL: url } = process.env;
  const headers = {
    Authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/${region}/${service}/aws4_request`,
  };
  if (target) headers["X-Amz-Target"] = target;
  if (target) headers["Content-Type"] = "application/x-amz-json-1.0";
  const response = await fetch(url + path, { method, headers, body });
  return [response.status, response.headers.get("x-amzn-ErrorType"), await response.text()];
};
