// What the service tells by itself: builds, publishes, the queue. Only while the page is looked at:
// a stream begins with the present state, so nothing that came meanwhile is missed.

const names = ["state", "progress", "published", "failed", "postponed", "queue"];
const listeners = new Map(names.map((name) => [name, new Set()]));
let source = null;

export function on(name, listener) {
  listeners.get(name).add(listener);
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource("/v1/index/events");
  for (const name of names)
    source.addEventListener(name, (event) => {
      const said = JSON.parse(event.data);
      for (const listener of listeners.get(name)) listener(said);
    });
  source.addEventListener("error", () => {
    // the browser tries again by itself unless it was refused
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(open, 5000);
    }
  });
}

export function start() {
  open();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return open();
    source?.close();
    source = null;
  });
}
