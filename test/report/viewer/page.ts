import { inflateRawSync } from "node:zlib";
import type { PageData } from "../../../src/report/viewer/data.ts";
import type { Fixture } from "../fixture.ts";
import { pageOf } from "../pages.ts";

/** What a page hands to the parts of its viewer. */
export async function pageData(made: Fixture): Promise<{ data: PageData; features: Int8Array; labels: Uint8Array }> {
  const html = await pageOf(made);
  const content = (id: string) => new RegExp(`<script id="${id}"[^>]*>(.*?)</script>`, "s").exec(html)![1]!;
  const bytes = (id: string) => new Uint8Array(inflateRawSync(Buffer.from(content(id), "base64")));
  return {
    data: JSON.parse(content("data")),
    features: new Int8Array(bytes("features").buffer),
    labels: bytes("labels"),
  };
}
