import type { PageData } from "./data.ts";
import type { dom } from "./dom.ts";

/** What a unit was measured at, and its best concepts. Runs in the page: no imports. */
export function measures(data: PageData, { element, byId, score }: ReturnType<typeof dom>) {
  return (layerIndex: number, index: number): void => {
    facts(layerIndex, index);
    best(layerIndex, index);
  };

  function facts(layerIndex: number, index: number): void {
    const unit = data.report.layers[layerIndex]!.units[index]!;
    const rows: [string, string, string][] = [
      ["IoU", score(unit.iou), "Pixels both on and of the concept ÷ pixels either on or of the concept"],
      ["IQR", score(unit.iqr), "Mutual information ÷ joint entropy"],
      ["Mutual information", unit.mi === null ? "–" : `${unit.mi.toFixed(4)} nats`, ""],
      ["Correlation", score(unit.correlation), "Of the activation with the concept"],
      ["Pixels on", unit.activation.toLocaleString("en"), "In images that hold the concept's category"],
      ["Pixels of the concept", unit.pixels.toLocaleString("en"), "Over the whole test set"],
      ["Pixels of both", unit.intersection.toLocaleString("en"), ""],
    ];
    if (unit.training) {
      const { iqr } = unit.training;
      rows.push(["Training IQR", score(iqr.score), "The score that the level was chosen by, on the training set"]);
      if (iqr.quantile !== null) rows.push(["On in training", `${(iqr.quantile * 100).toFixed(1)} % of pixels`, ""]);
    }
    byId("facts").replaceChildren(
      ...rows.flatMap(([name, value, why]) => [
        element("dt", { title: why || undefined }, name),
        element("dd", {}, value),
      ]),
    );
  }

  function best(layerIndex: number, index: number): void {
    const concepts = data.layers[layerIndex]!.best[index] ?? [];
    const most = Math.max(0.2, ...concepts.map(([, iou]) => iou));
    byId("best").replaceChildren(
      ...concepts.map(([label, iou]) => {
        const category = data.report.labels[label]!.category;
        const [dark] = data.categoryColors[category] ?? ["#4B4CBF"];
        return element(
          "li",
          { title: `${data.names[label]} (${category})` },
          element("span", {}, data.names[label]!),
          element(
            "span",
            { class: "track" },
            element("span", { style: `width:${(iou / most) * 100}%;background:${dark}` }),
          ),
          element("span", { class: "value" }, score(iou)),
        );
      }),
    );
  }
}
