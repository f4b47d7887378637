import { howToGetAdapter, howToGetWebGpu } from "../src/runtime/advice.ts";

// Tests: test/studio/door.test.ts

/** Where the page is, as far as that decides whether it can work. */
export interface Place {
  /** Its address. */
  readonly href: string;
  readonly secure: boolean;
  /** Whether there is `navigator.gpu`. */
  readonly gpu: boolean;
  /** Whether that offered an adapter; left out before anybody asked. */
  readonly adapter?: boolean;
  readonly userAgent: string;
}

/** What to say in place of the studio. */
export interface Door {
  readonly title: string;
  readonly why: string;
  readonly ways: readonly Way[];
}

/** Something that helps, and what to type or to open for it. */
export interface Way {
  readonly text: string;
  readonly code?: string;
}

const RUN = "npx ganatomy studio";
const SERVER = "python3 -m http.server 8000\nhttp://localhost:8000/";

/** What keeps the studio from working here, and what helps; undefined where nothing does. */
export function doorOf({ href, secure, gpu, adapter, userAgent }: Place): Door | undefined {
  const { protocol, origin, port, pathname } = new URL(href);
  if (protocol === "file:") {
    return {
      title: "Open the studio from a server",
      why: "This page was opened from the disk (file://), where browsers load neither its program nor its networks.",
      ways: [
        { text: "With Node, this starts it and prints its address:", code: RUN },
        { text: "Or serve this folder with whatever you have, and open it there:", code: SERVER },
      ],
    };
  }
  if (!secure) {
    const here = `http://localhost${port && `:${port}`}${pathname}`;
    const tunnel = `ssh -L ${port || "8080"}:localhost:${port || "80"} ${new URL(href).hostname}`;
    const there = port ? here : `http://localhost:8080${pathname}`;
    return {
      title: "This address keeps the GPU away",
      why: `Browsers let only https:// pages and this machine's own use WebGPU, and this is ${origin}.`,
      ways: [
        { text: "If the server runs on this machine, open", code: here },
        { text: "If it runs on another one, bring its port here, and open", code: `${tunnel}\n${there}` },
        { text: "Or put the folder on any host with https://: it is plain files." },
      ],
    };
  }
  if (!gpu) {
    return {
      title: "This browser offers no WebGPU",
      why: "The studio computes on your own GPU, which pages reach by WebGPU.",
      ways: [{ text: howToGetWebGpu(userAgent) }],
    };
  }
  if (adapter === false) {
    return {
      title: "This browser found no GPU to use",
      why: "WebGPU is here, but it offers no adapter.",
      ways: [{ text: howToGetAdapter(userAgent) }],
    };
  }
  return undefined;
}
