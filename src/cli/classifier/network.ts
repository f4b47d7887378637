// Tests: test/cli/classifier/dissect.test.ts
import { UsageError } from "../../errors.ts";
import { openCheckpoint } from "../../index.ts";
import type { ClassifierNetwork, ClassifierOptions } from "../../networks/classifiers/network.ts";
import { recogniseClassifier } from "../../networks/classifiers/recognise.ts";
import type { Source } from "../../weights/source.ts";
import { type Loading, openModel } from "../models.ts";

/** A classifier's file, recognised. */
export interface NetworkFile {
  readonly name: string;
  readonly source: Source;
  readonly network: ClassifierNetwork;
}

/** Opens a classifier's file and recognises it, before photographs are looked at. */
export async function openNetwork(path: string, options: ClassifierOptions, loading: Loading): Promise<NetworkFile> {
  const { name, source } = await openModel(path, loading);
  const { tensors } = await openCheckpoint(source, { signal: loading.signal });
  return { name, source, network: recogniseClassifier(tensors, options) };
}

/** @throws UsageError for a layer that the network does not have, or that is no map. */
export function checkLayers({ architecture, layers }: ClassifierNetwork, asked: readonly string[] = []): void {
  const maps = layers.filter(({ vector }) => !vector).map(({ name }) => name);
  const wrong = asked.find((name) => !maps.includes(name));
  if (wrong === undefined) return;
  const vector = layers.some(({ name }) => name === wrong);
  throw new UsageError(
    vector ? `"${wrong}" is a vector, which shows nothing anywhere.` : `This ${architecture} has no layer "${wrong}".`,
    `Its maps are ${maps.join(", ")}.`,
  );
}

/** The layer that the papers dissect networks at: the last that is a map, before it is pooled. */
export const lastMap = ({ layers }: Pick<ClassifierNetwork, "layers">): string =>
  layers.findLast(({ name, vector }) => !vector && !/^(max)?pool/.test(name))!.name;
