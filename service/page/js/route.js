// What is looked at, kept in the address: it can be shared, and back and forward work.

const TEXTS = ["view", "q", "where", "split", "item", "image"];
const LISTS = ["like", "tag", "good", "bad", "without"];
const NUMBERS = ["min", "variety"];

const listeners = new Set();

export function read(search = location.search) {
  const given = new URLSearchParams(search);
  const state = {};
  for (const name of TEXTS) state[name] = given.get(name) || "";
  for (const name of LISTS) state[name] = given.getAll(name).filter(Boolean);
  for (const name of NUMBERS) {
    const value = Number.parseFloat(given.get(name));
    state[name] = Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
  }
  state.apart = given.get("apart") === "1"; // variants one by one
  state.asis = given.get("asis") === "1"; // no spelling is righted
  state.view ||= "search";
  return state;
}

export function address(state) {
  const given = new URLSearchParams();
  for (const name of TEXTS)
    if (state[name] && !(name === "view" && state.view === "search")) given.set(name, state[name]);
  for (const name of LISTS) for (const one of state[name] || []) given.append(name, one);
  for (const name of NUMBERS) if (state[name]) given.set(name, state[name]);
  if (state.apart) given.set("apart", "1");
  if (state.asis) given.set("asis", "1");
  const query = given.toString();
  return query ? `/?${query}` : "/";
}

/** Changes some of it; everything else stays. */
export function go(changes, { replace = false } = {}) {
  const target = address({ ...read(), ...changes });
  if (target === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  tell();
}

/** A fresh search: nothing of the last one stays but what is given. */
export const search = (changes) => go({ ...read("?"), ...changes });

export const onChange = (listener) => listeners.add(listener);

function tell() {
  const state = read();
  for (const listener of listeners) listener(state);
}

addEventListener("popstate", tell);

/** A plain click on a link of ours stays on the page; any other (new tab, download) is the browser's. */
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/?'], a[href='/']");
  if (
    !link ||
    link.target ||
    event.defaultPrevented ||
    event.button ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  event.preventDefault();
  const target = link.getAttribute("href");
  if (target !== location.pathname + location.search) {
    history.pushState(null, "", target);
    tell();
  }
});
