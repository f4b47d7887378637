// The page of routed.test.ts: brings its worker and the service worker together.

/** Asks as GANPaint does, and as sessions do. */
export async function ask() {
  await navigator.serviceWorker.register("/test/browser/routing-worker.js");
  const { active } = await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
    );
  }
  const failures = []; // that the handler did not foresee
  const worker = new Worker("/test/browser/routed-worker.js", { type: "module" });
  const { port1, port2 } = new MessageChannel();
  const ready = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data === "ready") resolve();
      else failures.push(data);
    };
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.postMessage("", [port1]);
  active.postMessage("", [port2]);
  await ready;
  const headers = { "content-type": "application/json" };
  const projects = await (await fetch("/api/all_projects")).json();
  const body = JSON.stringify({ project: "scenes", ids: [5], interventions: [] });
  const { res, error: failed } = await (await fetch("/api/generate", { method: "POST", body, headers })).json();
  if (failed) throw new Error(`${failed.message} ${failed.fix} ${failures}`);
  const picture = await createImageBitmap(await (await fetch(res[0].d)).blob());
  const { connect } = await import("/dist/session/index.js");
  const session = await connect({ url: "/" });
  const canvas = document.createElement("canvas");
  const view = session.view(canvas, { image: 5 });
  await new Promise((resolve) => view.on("rendered", resolve));
  const drawn = canvas.getContext("2d").getImageData(0, 0, 64, 64).data;
  const { data } = await session.picture({ image: 5 });
  const error = await session.pixel({ y: 99, x: 0 }).catch(({ name, code }) => `${name} ${code}`);
  await import("/dist/elements/define.js");
  document.body.innerHTML = `<gan-session server="/" project="scenes"><gan-image image="5"></gan-image></gan-session>`;
  const image = document.querySelector("gan-image");
  await new Promise((resolve) => image.addEventListener("gan-rendered", resolve, { once: true }));
  const shown = image.shadowRoot.querySelector("canvas").getContext("2d").getImageData(0, 0, 64, 64).data;
  document.body.innerHTML = "";
  session.dispose();
  worker.terminate();
  return {
    projects: projects.map(({ project }) => project),
    picture: [picture.width, picture.height],
    model: session.loaded.model.name,
    differs: data.filter((value, at) => value !== drawn[at] || value !== shown[at]).length,
    colors: new Set(data).size > 50,
    error,
  };
}
