// The filter's text as chips and ranges understand it, and back. A filter is a list of clauses that
// must all hold: { field, values, all } | { field, low, high } | { text } for what only a person reads.

const TOKEN =
  /\s+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[(),]|\.\.|[<>=!~]+|(?:(?!\.\.)[^\s(),"=<>!~])+|./gsu;
const KEYWORDS = new Set("and or not in between contains exists missing has".split(" "));

export function parse(where) {
  const tokens = where.match(TOKEN) || [];
  const parts = conjunction(tokens);
  if (!parts) return [{ text: where.trim() }];
  const clauses = [];
  for (const part of parts) {
    const words = part.filter((token) => token.trim());
    if (!words.length) continue;
    const clause = simple(words) || { text: part.join("").trim() };
    const same =
      clause.values?.length === 1 &&
      clauses.find(
        (one) =>
          one.values && (one.all || one.values.length === 1) && equal(one.field, clause.field),
      );
    if (same) {
      same.values.push(...clause.values);
      same.all = true;
    } else clauses.push(clause);
  }
  return clauses;
}

/** The tokens between the outermost "and"s; null where an "or" stands among them. */
function conjunction(tokens) {
  const parts = [[]];
  let depth = 0,
    between = false;
  for (const token of tokens) {
    const word = token.toLowerCase();
    if (token === "(") depth++;
    else if (token === ")") depth--;
    if (depth === 0 && word === "or") return null;
    if (depth === 0 && word === "and" && !between) {
      parts.push([]);
      continue;
    }
    if (word === "between") between = true;
    else if (word === "and" || word === "..") between = false;
    parts.at(-1).push(token);
  }
  return parts;
}

function simple(words) {
  const [field, operator, ...rest] = words;
  if (!operator || KEYWORDS.has(field.toLowerCase()) || "()".includes(field)) return null;
  const name = bare(field),
    how = operator.toLowerCase(),
    one = rest.length === 1;
  if (one && (how === "=" || how === "==")) return { field: name, values: [bare(rest[0])] };
  if (one && how === ">=") return { field: name, low: bare(rest[0]), high: "" };
  if (one && how === "<=") return { field: name, low: "", high: bare(rest[0]) };
  if (how === "between" && rest.length === 3)
    return { field: name, low: bare(rest[0]), high: bare(rest[2]) };
  const listed = how === "in" && rest[0] === "(" && rest.at(-1) === ")" && rest.slice(1, -1);
  if (listed && listed.length % 2 && listed.every((token, n) => (token === ",") === (n % 2 === 1)))
    return { field: name, values: listed.filter((token) => token !== ",").map(bare) };
  return null;
}

export const bare = (token) =>
  /^["']/.test(token) && token.length > 1 ? token.slice(1, -1).replace(/\\(.)/gs, "$1") : token;

export const equal = (a, b) => a.toLowerCase() === b.toLowerCase();

export function quoted(value) {
  const text = String(value);
  const plain =
    /^(?!["'])[^\s(),"=<>!~]+$/u.test(text) &&
    !text.includes("..") &&
    !KEYWORDS.has(text.toLowerCase());
  return plain ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

export function write(clauses) {
  const texts = clauses.map(written);
  // What a person wrote may hold an "or", which binds less than our "and".
  return texts.length === 1
    ? texts[0]
    : texts
        .map((text, n) =>
          clauses[n].text && / or /i.test(text) && !/^\(.*\)$/s.test(text) ? `(${text})` : text,
        )
        .join(" and ");
}

export function written(clause) {
  if (clause.text !== undefined) return clause.text;
  const name = quoted(clause.field);
  if (!clause.values) {
    if (clause.low !== "" && clause.high !== "")
      return `${name} between ${quoted(clause.low)}..${quoted(clause.high)}`;
    return clause.low !== ""
      ? `${name} >= ${quoted(clause.low)}`
      : `${name} <= ${quoted(clause.high)}`;
  }
  const values = clause.values.map(quoted);
  if (clause.all) return values.map((value) => `${name} = ${value}`).join(" and ");
  return values.length === 1 ? `${name} = ${values[0]}` : `${name} in (${values.join(", ")})`;
}

export const chosen = (clauses, field) =>
  clauses.find((one) => one.values && equal(one.field, field))?.values || [];

export const range = (clauses, field) =>
  clauses.find((one) => one.low !== undefined && equal(one.field, field)) || { low: "", high: "" };

/** `all`: each chosen value must hold (tags), else any of them (what an item has one of). */
export function toggled(clauses, field, value, all) {
  const before = chosen(clauses, field);
  const after = before.some((one) => equal(one, value))
    ? before.filter((one) => !equal(one, value))
    : [...before, value];
  const rest = clauses.filter((one) => !(one.values && equal(one.field, field)));
  return after.length ? [...rest, { field, values: after, all: all && after.length > 1 }] : rest;
}

export function ranged(clauses, field, low, high) {
  const rest = clauses.filter((one) => !(one.low !== undefined && equal(one.field, field)));
  return low === "" && high === "" ? rest : [...rest, { field, low, high }];
}
