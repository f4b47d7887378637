import { define } from "../src/elements/index.ts";
import { showBar } from "./bar.ts";
import { showBrushes } from "./brushes.ts";
import { acceptFiles } from "./dropping.ts";
import { showStrip } from "./filmstrip.ts";
import { openFirst } from "./first.ts";
import { listenToKeys } from "./keys.ts";
import { inTurn } from "./opening.ts";
import { showSharing } from "./sharing.ts";
import { showTabs } from "./tabs.ts";
import { keepWork } from "./working.ts";

// What the studio is made of. The picture and its strokes, which are all there is to keep, are the
// `gan-paint`'s: everything else asks it, and hears of it when they are others.
define();
showBar();
showBrushes();
showTabs();
showStrip();
showSharing();
listenToKeys();
acceptFiles();
keepWork();
inTurn(openFirst);
