import type { PageData } from "./data.ts";
import type { dom } from "./dom.ts";
import type { LabelMaps } from "./label-maps.ts";

/** What the segmenter calls the parts of a unit's pictures. Runs in the page: no imports. */
export function legend(
  data: PageData,
  { element, byId }: ReturnType<typeof dom>,
  { countLabels, labelsAt }: LabelMaps,
) {
  /** The labels in these images with their colours, most frequent first. */
  function draw(images: readonly number[], visible: boolean): void {
    const counts = new Map<number, number>();
    for (const image of images) countLabels(image, counts);
    const labels = [...counts].filter(([label]) => label !== 0).sort((a, b) => b[1] - a[1]);
    byId("legend").hidden = !visible;
    byId("legend").replaceChildren(
      ...labels.slice(0, 24).map(([label]) => {
        const [r, g, b] = data.report.labels[label]?.color ?? [0, 0, 0];
        return element(
          "li",
          {},
          element("span", { class: "swatch", style: `background:rgb(${r},${g},${b})` }),
          data.names[label] ?? String(label),
        );
      }),
    );
  }

  /** Says that one can ask for the label under the pointer, if there is a picture. */
  function invite(pictures: number): void {
    byId("under").textContent = pictures > 0 ? "Point at a picture to see what the segmenter calls it." : "";
  }

  /** Names the labels under the pointer. */
  function point(event: PointerEvent, canvas: HTMLCanvasElement, image: number): void {
    const box = canvas.getBoundingClientRect();
    const labels = labelsAt(image, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    const names = [...labels].map((label) => data.names[label] ?? "").join(", ");
    byId("under").replaceChildren(`Image ${image}, here: `, element("b", {}, names || "no label"));
  }

  return { draw, invite, point };
}
