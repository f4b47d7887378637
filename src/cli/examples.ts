// Tests: test/cli/program.test.ts
export const EXAMPLES = `Examples:
  ganatomy dissect                                 the embedded model, report in dissect/scenes64
  ganatomy dissect --model church.pth --segmenter upp/ --layers layer4,layer7
  ganatomy dissect --size 50 --json > summary.json
  ganatomy ablate --concept tree --top 10 --layer layer6
                                                   what becomes of everything without the units that draw trees
  ganatomy insert --units 66,94 --mask 40,24,48,32 put them where there were none
  ganatomy ace --concept tree --layer layer4       the smallest set of units that causes trees
  ganatomy context --concept door --layer layer4   where in a scene doors can be put
  ganatomy generate --model church.pth --size 8 --outdir pictures
  ganatomy walk 1 2 5 --loop                       from picture to picture, and back
  ganatomy segment photo.jpg --outdir labels       what is where in a photo
  ganatomy distance church.pth photographs --segmenter mosaic-ade20k32
                                                   how far what it draws is from photographs
  ganatomy artifacts --model church.pth --real photographs --segmenter mosaic-ade20k32
                                                   which units spoil pictures, and whether it is better without
  ganatomy serve dissect --client gandissect       GANPaint on what was dissected
  ganatomy export dissect/scenes64                 for NumPy, data frames, Vega-Lite, TensorBoard
  ganatomy info upp/ --size 256                    FLOPs, bytes and GPU memory of a network
  ganatomy doctor                                  which adapter there is, and what to fix

Data goes to stdout, everything else to stderr.`;
