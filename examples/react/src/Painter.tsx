import type { GanPaint } from "ganatomy/elements";
import type {} from "ganatomy/elements/react";
import "ganatomy/elements/define";
import generator from "ganatomy/weights/scenes64/generator.safetensors?url";
import { useRef, useState } from "react";

/** Units of layer4 that draw trees; `session.units({ layer, concept: "tree" })` finds them. */
const TREES = [24, 59, 126];

export function Painter() {
  const paint = useRef<GanPaint>(null);
  const [image, setImage] = useState(3);
  const [said, setSaid] = useState("Paint over the trees.");
  return (
    <gan-session generator={generator} ongan-error={({ detail }) => setSaid(detail.message)}>
      <label>
        Image{" "}
        <input type="number" min="0" value={image} onChange={(event) => setImage(event.target.valueAsNumber || 0)} />
      </label>
      <gan-paint
        ref={paint}
        id="scene"
        layer="layer4"
        units={TREES}
        op="remove"
        image={image}
        live
        onChange={() => setSaid(`Strokes: ${paint.current?.strokes.length}`)}
      />
      <p role="status">{said}</p>
      <gan-history for="scene" />
      <gan-inspect for="scene" top={4} />
    </gan-session>
  );
}
