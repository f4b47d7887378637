// Tests: test/runtime/host.test.ts

/** The first versions with WebGPU, as gpuweb's wiki lists them (Implementation Status). */
const CHROME = 113;
const ANDROID_CHROME = 121;
const FIREFOX = 141;
/** On Apple silicon, whatever the system; with macOS 26, 145. Other Macs have none. */
const MAC_FIREFOX = 147;
const SAFARI = 26;

const FIREFOX_SWITCHES =
  "open about:config, set dom.webgpu.enabled and gfx.webgpu.ignore-blocklist to true, and restart Firefox.";
const CHROME_SWITCHES =
  "open chrome://flags, enable #enable-unsafe-webgpu and #enable-vulkan, and restart; chrome://gpu says why it is off.";
/** Gpuweb's wiki, April 2026. */
const LINUX_CHROME =
  "On Linux, Chrome has it by itself on Intel since Gen12 (Chrome 144) and on NVIDIA (147); elsewhere, ";

/**
 * What this browser's user does to have `navigator.gpu`. Nobody is told to become a version that
 * they are already past.
 */
export function howToGetWebGpu(userAgent: string): string {
  const version = (name: string): number => Number(new RegExp(`${name}/(\\d+)`).exec(userAgent)?.[1] ?? 0);
  // Browsers on iOS are all WebKit, and say which: "Version/26.0 … Safari", "FxiOS", "CriOS".
  if (/iPhone|iPad|FxiOS|CriOS/.test(userAgent)) return "Update to iOS 26 or newer.";
  if (version("Firefox") > 0) return howFirefoxGetsIt(userAgent, version("Firefox"));
  if (version("Chrome") > 0) {
    const first = /Android/.test(userAgent) ? ANDROID_CHROME : CHROME;
    if (version("Chrome") < first) return `Update this browser: WebGPU begins with Chrome and Edge ${first}.`;
    return `${isLinux(userAgent) ? LINUX_CHROME : "WebGPU is off here: "}${CHROME_SWITCHES}`;
  }
  if (version("Version") >= SAFARI) {
    return `Safari ${SAFARI} has WebGPU on macOS ${SAFARI}; on older systems, Safari's settings have it among the feature flags.`;
  }
  if (/Safari\//.test(userAgent)) return `Update to Safari ${SAFARI} or newer, which comes with macOS ${SAFARI}.`;
  return (
    `Use Chrome or Edge ${CHROME}+, Safari ${SAFARI}+ or Firefox ${FIREFOX}+; ` +
    'in Node pass `gpu: await findGpu()` of "ganatomy/node".'
  );
}

function howFirefoxGetsIt(userAgent: string, version: number): string {
  if (/Android/.test(userAgent)) return `Use Chrome ${ANDROID_CHROME} or newer: Firefox for Android has no WebGPU yet.`;
  const mac = /Macintosh/.test(userAgent);
  const first = mac ? MAC_FIREFOX : FIREFOX;
  if (version < first) return `Update Firefox: WebGPU begins with version ${first}.`;
  const why = isLinux(userAgent)
    ? "On Linux, Firefox keeps WebGPU off: "
    : mac
      ? "On Macs without Apple silicon use Chrome or Edge. On others WebGPU is off here: "
      : "WebGPU is off here: ";
  return why + FIREFOX_SWITCHES;
}

const isLinux = (userAgent: string): boolean => /Linux|X11/.test(userAgent) && !/Android/.test(userAgent);

/** What this browser's user does where `navigator.gpu` has no adapter to offer. */
export function howToGetAdapter(userAgent: string): string {
  if (userAgent.includes("Firefox/")) {
    return `Update the graphics driver; if that is not it, ${FIREFOX_SWITCHES} about:support says which GPU it found.`;
  }
  if (/Chrome\//.test(userAgent)) {
    const vulkan = isLinux(userAgent) ? `if that is not it, ${CHROME_SWITCHES}` : "chrome://gpu says more.";
    return (
      "Turn on hardware acceleration (chrome://settings/system) and update the graphics driver; " +
      `${vulkan} Headless Chrome needs --enable-unsafe-webgpu.`
    );
  }
  return "Check the graphics driver, and that hardware acceleration is on; `ganatomy doctor` says what to install.";
}
