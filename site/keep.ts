// Every page of the site asks for this: that the next visit needs no network.

// Tests: test/site/site.test.ts

const here = document.currentScript as HTMLScriptElement | null;
// TypeDoc puts it into assets/; what is kept is the site.
const root = here && new URL("../", here.src);
if (root && "serviceWorker" in navigator) {
  addEventListener("load", () => {
    // Without one (a page from a file, a browser that has none for strangers) the site needs its network, and works.
    navigator.serviceWorker.register(new URL("sw.js", root)).catch(() => {});
  });
}
