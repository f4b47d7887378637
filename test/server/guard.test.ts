import { describe, expect, test } from "vitest";
import { Guard } from "../../src/server/guard.ts";

const own = "http://127.0.0.1:5001";
const request = (headers: Readonly<Record<string, string>>, url = `${own}/api/x`, method = "GET") => {
  // Browsers' own headers, which fetch would not let a script set.
  const made = new Request(url, { method });
  return Object.defineProperty(made, "headers", { value: new Headers(headers) });
};
const status = (guard: Guard, ...of: Parameters<typeof request>) => {
  try {
    return guard.check(request(...of))?.status ?? "through";
  } catch (error) {
    return (error as { status: number }).status;
  }
};

describe("hosts", () => {
  test.each([
    ["http://127.0.0.1:5001/", "through"],
    ["http://localhost/", "through"],
    ["http://[::1]:80/", "through"],
    ["http://evil.example/", 403],
    ["http://127.0.0.1.evil.example:5001/", 403],
    ["http://localhost.evil.example/", 403],
    ["http://0.0.0.0:5001/", 403],
  ])("%s: %s", (url, expected) => expect(status(new Guard({}), {}, url)).toBe(expected));

  test("those that are listed, and no others", () => {
    const guard = new Guard({ hosts: ["gan.example:8080"] });
    expect(status(guard, {}, "http://gan.example:8080/")).toBe("through");
    expect(status(guard, {}, "http://gan.example/")).toBe(403);
    expect(status(guard, {}, "http://127.0.0.1/")).toBe(403);
    expect(status(new Guard({ hosts: ["gan.example:80"] }), {}, "http://gan.example/")).toBe("through");
  });

  test.each(["https://gan.example", "gan.example/", "gan.example, a.b", ""])("%j is none", (host) =>
    expect(() => new Guard({ hosts: [host] })).toThrow(/is no host\. Write it as my\.server/),
  );

  test("any, to those who bear a token", () => {
    expect(() => new Guard({ hosts: "any" })).toThrow(/no token/);
    expect(() => new Guard({ token: "" })).toThrow(/no token/);
    const guard = new Guard({ hosts: "any", token: "t" });
    expect(status(guard, {}, "http://gan.example/")).toBe(401);
    expect(status(guard, { authorization: "Bearer t" }, "http://gan.example/")).toBe("through");
  });
});

describe("origins", () => {
  test.each([
    ["*", /`cors` has "\*", which is no origin of pages\. Write it as https:\/\/my\.page/],
    ["null", /no origin/],
    ["my.page", /Write it as https/],
    ["https://my.page/", /Write https:\/\/my\.page\./],
    ["https://My.page:443/paint", /Write https:\/\/my\.page\./],
    ["", /no origin/],
  ])("%j is none", (origin, said) => expect(() => new Guard({ cors: ["https://a.b", origin] })).toThrow(said));

  const guard = new Guard({ cors: ["https://paint.example"] });
  test.each<[what: string, headers: Readonly<Record<string, string>>, expected: number | string]>([
    ["a program, which says nothing", {}, "through"],
    ["its own pages", { origin: own, "sec-fetch-site": "same-origin" }, "through"],
    ["an address that was typed", { "sec-fetch-site": "none" }, "through"],
    ["a page of another port", { origin: "http://127.0.0.1:3000" }, 403],
    ["a page of another site", { origin: "https://evil.example" }, 403],
    ["a file, or a sandboxed frame", { origin: "null" }, 403],
    ["another site's picture or script", { "sec-fetch-site": "cross-site", "sec-fetch-dest": "image" }, 403],
    ["another port's", { "sec-fetch-site": "same-site", "sec-fetch-dest": "image" }, 403],
    ["another site's frame", { "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe" }, 403],
    ["a link that is followed", { "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" }, "through"],
    ["a page that is listed", { origin: "https://paint.example", "sec-fetch-site": "cross-site" }, "through"],
    [
      "its pictures",
      { referer: "https://paint.example/", "sec-fetch-site": "cross-site", "sec-fetch-dest": "image" },
      "through",
    ],
    [
      "those of one that begins alike",
      { referer: "https://paint.example.evil/", "sec-fetch-site": "cross-site", "sec-fetch-dest": "image" },
      403,
    ],
  ])("%s", (_, headers, expected) => expect(status(guard, headers)).toBe(expected));

  test("a form of another site is no link", () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" };
    expect(status(new Guard({}), headers, `${own}/api/x`, "POST")).toBe(403);
  });

  test("listed pages are told so, also before they ask", () => {
    const asked = request({ origin: "https://paint.example", "access-control-request-method": "POST" }, own, "OPTIONS");
    const { status, headers } = guard.dressed(guard.check(asked)!, asked);
    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toMatchObject({
      "access-control-allow-origin": "https://paint.example",
      "access-control-allow-headers": "content-type, authorization",
      "access-control-allow-methods": "GET, POST",
      vary: "origin",
    });
    const answer = guard.dressed(new Response(""), request({ origin: "https://paint.example" }));
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([
      "access-control-allow-origin",
      "access-control-expose-headers",
    ]);
    const unlisted = guard.dressed(new Response(""), request({ origin: own }));
    expect([unlisted.headers.has("access-control-allow-origin"), unlisted.headers.get("vary")]).toEqual([
      false,
      "origin",
    ]);
    expect(new Guard({}).dressed(new Response(""), request({})).headers.has("vary")).toBe(false);
    const plain = new Guard({}).dressed(new Response(""), request({ origin: own }));
    expect([...plain.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("tokens", () => {
  const guard = new Guard({ token: "s3cret ü;" });
  test.each<[what: string, headers: Readonly<Record<string, string>>, url: string, expected: number | string]>([
    ["none", {}, own, 401],
    ["another", { authorization: "Bearer s3cret" }, own, 401],
    ["a longer one", { cookie: `ganatomy-token=${encodeURIComponent("s3cret ü;")}x` }, own, 401],
    ["one that differs in its first letter", { authorization: "Bearer S3cret ü;" }, own, 401],
    ["one that differs in its second letter", { authorization: "Bearer s4cret ü;" }, own, 401],
    ["one that differs in its last letter", { authorization: "Bearer s3cret ü:" }, own, 401],
    ["the right one", { authorization: "Bearer s3cret ü;" }, own, "through"],
    ["another in the address", {}, `${own}/?token=x`, 401],
    ["as a cookie", { cookie: `a=b; ganatomy-token=${encodeURIComponent("s3cret ü;")}` }, own, "through"],
    ["in the address, which becomes a cookie", {}, `${own}/a?b=c&token=s3cret%20%C3%BC%3B`, 302],
  ])("%s", (_, headers, url, expected) => expect(status(guard, headers, url)).toBe(expected));

  test("the cookie is for no script and no other site, and the address loses the token", () => {
    const { headers } = new Guard({ token: "t" }).check(request({}, `${own}/a?b=c&token=t`))!;
    expect(headers.get("location")).toBe("/a?b=c");
    const elsewhere = new Guard({ token: "t" }).check(request({}, `${own}//evil.example/?token=t`))!;
    expect(elsewhere.headers.get("location")).toBe("/evil.example/");
    expect(headers.get("set-cookie")).toBe("ganatomy-token=t; Path=/; HttpOnly; SameSite=Lax");
  });
});
