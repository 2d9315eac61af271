"use strict";
/* Numbers, times and strangers' text, as people read them. */

/* Letters that would not show, or would turn the text around, as their numbers. */
const INVISIBLE = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f" +
    "\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]|[\\ud800-\\udbff](?![\\udc00-\\udfff])" +
    "|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]",
  "g",
);

function visible(value) {
  return String(value).replace(
    INVISIBLE,
    (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function shortened(text, most) {
  return text.length > most ? text.slice(0, most) + "\u2026" : text;
}

function plural(number, word) {
  const many = word + (word.endsWith("ch") ? "es" : "s");
  return `${number.toLocaleString("en")} ${number === 1 ? word : many}`;
}

/* A duration: 20 ms, 62.5 s, 12 min 30 s, 23 h 58 min, 3 d 4 h. */
function spanOfTime(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${trimmed(seconds * 1000, 3)} ms`;
  if (seconds < 120) return `${trimmed(seconds, 2)} s`;
  const whole = Math.round(seconds);
  if (whole < 7200) return twoUnits(whole, "min", 60, "s", 1);
  if (whole < 172800) return twoUnits(whole, "h", 3600, "min", 60);
  return twoUnits(whole, "d", 86400, "h", 3600);
}

function twoUnits(whole, big, size, small, part) {
  const rest = Math.floor((whole % size) / part);
  return `${Math.floor(whole / size)} ${big}` + (rest ? ` ${rest} ${small}` : "");
}

function trimmed(number, digits) {
  return String(Number(number.toFixed(digits)));
}

/* JSON with line breaks, every other sign as it came: a number is not read and written again. */
function indented(text) {
  let depth = 0;
  let quoted = false;
  const out = [];
  const newline = () => out.push("\n", "  ".repeat(Math.min(depth, 40)));
  for (let n = 0; n < text.length; n++) {
    const sign = text[n];
    if (quoted) {
      out.push(sign);
      if (sign === "\\") out.push(text[++n] || "");
      else if (sign === '"') quoted = false;
    } else if (sign === '"') {
      quoted = true;
      out.push(sign);
    } else if (sign === "{" || sign === "[") {
      out.push(sign);
      const close = /^\s*[}\]]/.exec(text.slice(n + 1, n + 9));
      if (close) {
        out.push(close[0].trim());
        n += close[0].length;
      } else {
        depth += 1;
        newline();
      }
    } else if (sign === "}" || sign === "]") {
      depth = Math.max(0, depth - 1);
      newline();
      out.push(sign);
    } else if (sign === ",") {
      out.push(sign);
      newline();
    } else if (sign === ":") {
      out.push(": ");
    } else if (!/\s/.test(sign)) {
      out.push(sign);
    }
  }
  return out.join("");
}

/* Text that is JSON gets line breaks; any other text stays what it is. */
function laidOut(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return indented(text);
}
