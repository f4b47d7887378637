// A service worker that answers what is asked of /api and /data by whoever gave it a port: it needs
// no GPU, which Firefox's service workers do not have, and keeps nothing that it could lose.
let to;
const waiting = new Map();

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", ({ ports: [port] }) => {
  to = port;
  to.onmessage = ({ data: { id, ...answer } }) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
});
addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (to && origin === location.origin && /^\/(api|data)\//.test(pathname)) event.respondWith(routed(event.request));
});

async function routed(request) {
  const { method, url } = request;
  const body = method === "POST" ? await request.arrayBuffer() : undefined;
  const id = crypto.randomUUID();
  const answered = new Promise((resolve) => waiting.set(id, resolve));
  to.postMessage({ id, url, method, headers: [...request.headers], body });
  const { body: bytes, ...init } = await answered;
  return new Response(bytes, init);
}
