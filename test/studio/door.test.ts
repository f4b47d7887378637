import { describe, expect, test } from "vitest";
import { type Door, doorOf, type Place } from "../../studio/door.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const fine: Place = {
  href: "https://example.org/gan/studio/#s=abc",
  secure: true,
  gpu: true,
  adapter: true,
  userAgent: FIREFOX,
};
const said = (place: Partial<Place>): string => {
  const { title, why, ways } = doorOf({ ...fine, ...place }) as Door;
  return [title, why, ...ways.flatMap(({ text, code = "" }) => [text, code])].join("\n");
};

describe("what is said in place of the studio", () => {
  test("nothing where it works, or may", () => {
    expect(doorOf(fine)).toBeUndefined();
    const { adapter: _, ...unasked } = fine;
    expect(doorOf(unasked)).toBeUndefined();
  });

  // Whatever the browser: from the disk no script runs that could use a GPU.
  test.each([true, false])("a page from the disk needs a server (WebGPU: %s)", (gpu) => {
    const text = said({ href: "file:///home/me/studio/index.html", gpu });
    expect(text).toContain("npx ganatomy studio");
    expect(text).toContain("http.server");
    expect(text).not.toContain("about:config");
  });

  test("a page by http from elsewhere has another address here", () => {
    const text = said({ href: "http://192.168.1.4:8080/gan/studio/", secure: false, gpu: false });
    expect(text).toContain("this is http://192.168.1.4:8080.");
    expect(text).toContain("\nhttp://localhost:8080/gan/studio/\n");
    expect(text).toContain("ssh -L 8080:localhost:8080 192.168.1.4");
    expect(text).not.toContain("about:config");
  });

  test("one on port 80 comes by another port", () => {
    const text = said({ href: "http://gan.local/", secure: false, gpu: false });
    expect(text).toContain("\nhttp://localhost/\n");
    expect(text).toContain("ssh -L 8080:localhost:80 gan.local\nhttp://localhost:8080/\n");
  });

  test("a browser without WebGPU is told what to do with it, and not to become older", () => {
    const text = said({ gpu: false });
    expect(text).toMatch(/about:config.*dom\.webgpu\.enabled.*gfx\.webgpu\.ignore-blocklist/);
    expect(text).not.toContain("141");
    expect(said({ gpu: false, userAgent: FIREFOX.replaceAll("153", "128") })).toMatch(/Update Firefox.* 141/);
    expect(said({ gpu: false, userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)" })).toMatch(/iOS 26/);
  });

  test("a browser that finds no GPU is told why that may be", () => {
    expect(said({ adapter: false })).toMatch(/about:support/);
    const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36";
    expect(said({ adapter: false, userAgent: chrome })).toMatch(/chrome:\/\/settings\/system.*#enable-vulkan/);
  });
});
