import { expect, test } from "vitest";
import { partsOf, typeOf } from "../../src/server/paths.ts";

test.each([
  ["/a/b.jpg", ["a", "b.jpg"]],
  ["/a%20b/%C3%A4.png", ["a b", "ä.png"]],
  ["/a..b/c.", ["a..b", "c."]],
])("%s", (path, parts) => expect(partsOf(path)).toEqual(parts));

test.each([
  "/..",
  "/a/../b",
  "/a/%2e%2e/b",
  "/a/.%2E/b",
  "/a/..%2fb",
  "/a/%2fetc",
  "/a/..%5cb",
  "/a/b%00.jpg",
  "/a/.hidden",
  "/.",
  "/a//b",
  "//a",
  "/a/",
  "/",
  "",
  "/a/C:%5cx",
  "/a/b:stream",
  "/a/%zz",
  "/a/%",
  "/a/b%0a",
])("%s leads nowhere", (path) => {
  expect(() => partsOf(path)).toThrow(expect.objectContaining({ status: 404 }));
});

test.each([
  ["a.JPG", "image/jpeg"],
  ["a/b.html", "text/html; charset=utf-8"],
  ["a", "application/octet-stream"],
  ["a.constructor", "application/octet-stream"],
])("%s is %s", (path, type) => expect(typeOf(path)).toBe(type));
