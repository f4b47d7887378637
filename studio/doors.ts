import { type Door, doorOf, type Way } from "./door.ts";

// Tests: test/studio/doors.test.ts, test/studio/offline.test.ts

// A plain script of its own, which runs where modules do not: in pages from the disk, and in
// browsers that have never heard of what the studio needs. It puts what to do in the studio's
// place, in as plain HTML as can be.

function element(name: string, className: string, ...content: (string | Node)[]): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  for (const each of content) made.appendChild(typeof each === "string" ? document.createTextNode(each) : each);
  return made;
}

const wayOf = ({ text, code }: Way): HTMLElement =>
  element("li", "", text, ...(code === undefined ? [] : [element("pre", "", element("code", "", code))]));

function show({ title, why, ways }: Door): void {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "door.css";
  document.head.appendChild(style);
  for (const child of Array.from(document.body.children)) (child as HTMLElement).style.display = "none";
  const list = element("ul", "door-ways", ...ways.map(wayOf));
  const door = element("main", "door", element("h1", "", title), element("p", "door-why", why), list);
  document.body.appendChild(door);
}

function main(): void {
  const place = {
    href: location.href,
    // Browsers that do not say are too old for all else.
    secure: window.isSecureContext !== false,
    gpu: "gpu" in navigator,
    userAgent: navigator.userAgent,
  };
  const door = doorOf(place);
  if (door) {
    show(door);
    return;
  }
  const without = (): void => show(doorOf({ ...place, adapter: false })!);
  navigator.gpu.requestAdapter().then((adapter) => adapter ?? without(), without);
  // What makes the next visit work without a network waits until this one has its picture.
  document.addEventListener(
    "gan-rendered",
    () => {
      // Private windows have none, and do as well without.
      if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {});
    },
    { once: true },
  );
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", main);
else main();
