import { notFound } from "./refused.ts";

/** By the ends of files' names. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  map: "application/json",
  csv: "text/csv; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  ico: "image/x-icon",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
};

/** The media type of a file, by its name. */
export function typeOf(path: string): string {
  const end = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return (Object.hasOwn(TYPES, end) && TYPES[end]) || "application/octet-stream";
}

/**
 * The names that an address's path is made of, decoded. None is empty, hidden, ".." or has a
 * separator of any system in it, in whatever way they were written: so that joined to a folder they
 * stay inside.
 * @throws Refused 404.
 */
export function partsOf(pathname: string): readonly string[] {
  const parts = pathname
    .replace(/^\//, "")
    .split("/")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        throw outside();
      }
    });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  if (parts.some((part) => part === "" || part.startsWith(".") || /[\\/:\u0000-\u001f\u007f]/.test(part)))
    throw outside();
  return parts;
}

const outside = () => notFound("There is no such file.", "Check the address.");
