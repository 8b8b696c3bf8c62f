// Requests to the service. Every failure arrives as a Problem; what is only busy is asked again.

const TRIES = 3;
const PASSING = new Set(["busy", "too-many-requests"]); // a missing index is not
const LONGEST = 10; // seconds to wait for a busy service before asking the person

export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || `HTTP ${status}`);
    Object.assign(this, { status, ...body });
    this.kind = (body.type || "").split(":").pop();
  }
}

export const events = new EventTarget(); // "busy" {seconds}: one waits; "free": no longer; "key"

const tell = (name, detail) => events.dispatchEvent(new CustomEvent(name, { detail }));

export const item = (id, rest = "") => `/v1/items/${encodeURIComponent(id)}${rest}`;

/** The JSON of an answer. `body` is sent as JSON, a FormData as it is. */
export async function ask(path, { method, body, signal, keepalive } = {}) {
  const options = {
    method: method || (body === undefined ? "GET" : "POST"),
    signal,
    keepalive,
    headers: { Accept: "application/json" },
  };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(path, options);
    } catch (problem) {
      if (problem.status === 401) tell("key");
      const wait = problem.retryAfter;
      if (!PASSING.has(problem.kind) || !wait || wait > LONGEST || attempt === TRIES) throw problem;
      tell("busy", { seconds: wait });
      try {
        await pause(wait * 1000, signal);
      } finally {
        tell("free");
      }
    }
  }
}

async function once(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { type: "offline" });
  }
  if (response.status === 204) return null;
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Problem(response.status, { type: response.ok ? "garbled" : "" });
  }
  if (response.ok) return body;
  const problem = new Problem(response.status, body);
  if (response.status === 503 || response.status === 429)
    problem.retryAfter = Number(response.headers.get("Retry-After")) || 0;
  throw problem;
}

const pause = (milliseconds, signal) =>
  new Promise((done, fail) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      fail(signal.reason);
    });
  });
