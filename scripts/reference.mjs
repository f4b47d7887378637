// The guides, and a reference of every export, as TypeDoc reads them: a link between them that
// leads nowhere and an export without a docstring are found here.
//
// Tests: test/site/site.test.ts
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, KindRouter, Logger, LogLevel, OptionDefaults, ReflectionKind } from "typedoc";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Of custom elements: what the manifest's writer reads (scripts/elements-manifest.mjs). */
const OF_ELEMENTS = ["@attr", "@slot", "@csspart", "@cssprop", "@fires"];

/**
 * Names of the package's entries by the file that each is made of; frameworks' declarations repeat
 * the elements', and `elements/define` exports nothing.
 */
function entries() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const typed = Object.entries(exports).filter(
    ([name, { types, default: code }]) => types && code && !/define/.test(name),
  );
  const source = ({ types }) => types.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts");
  return new Map(typed.map(([name, entry]) => [source(entry), name.replace(/^\./, "ganatomy")]));
}

/** Keeps what TypeDoc has to say. */
class Kept extends Logger {
  /** @type {string[]} */
  messages = [];
  /** A docstring's own place, where it is one's. */
  addContext(message, _level, position, file) {
    if (!file?.fileName) return message;
    const line = file.getLineAndCharacterOfPosition?.(position).line;
    return `${relative(ROOT, file.fileName)}${line === undefined ? "" : `:${line + 1}`}: ${message}`;
  }
  log(message, level) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
    if (level >= LogLevel.Warn) this.messages.push(message.replace(/\u001b\[\d*m/g, ""));
  }
}

/**
 * The exports of all entries and the guides.
 *
 *
 * @param {{ links?: Readonly<Record<string, string>>, script?: string, pages?: readonly string[] }}
 *   [options] links at the top of every page; the path of a script of every page; Markdown of more
 *   pages, by absolute paths, which are called after their files
 *
 * @returns {Promise<{ app: Application, project: import("typedoc").ProjectReflection, messages:
 *   string[] }>} `messages` is what is wrong with them; rendering them may add to it
 */
export async function readReference({ links = {}, script, pages = [] } = {}) {
  const files = entries();
  const app = await Application.bootstrap({
    name: "ganatomy",
    entryPoints: [...files.keys()].map((file) => join(ROOT, file)),
    tsconfig: join(ROOT, "tsconfig.json"),
    skipErrorChecking: true, // `npm run types` is for that
    readme: join(ROOT, "README.md"),
    projectDocuments: [...guides().map((path) => join(ROOT, path)), ...pages],
    basePath: ROOT,
    blockTags: [...OptionDefaults.blockTags, ...OF_ELEMENTS],
    highlightLanguages: [
      ...OptionDefaults.highlightLanguages,
      "bibtex",
      "diff",
      "python",
      "sql",
      "svelte",
      "vue",
      "wgsl",
    ],
    excludePrivate: true,
    excludeInternal: true,
    excludeProtected: true,
    excludeExternals: true,
    disableSources: true,
    hideGenerator: true,
    cleanOutputDir: false, // who renders does that
    searchInDocuments: true,
    sort: ["documents-first", "source-order"],
    navigation: { includeGroups: true, includeFolders: false, excludeReferences: true },
    navigationLinks: links,
    navigationLeaves: [...files.values()], // their pages list what is in them
    favicon: join(ROOT, "site/icon.svg"),
    customCss: join(ROOT, "site/site.css"),
    ...(script && { customJs: script }),
    validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: false },
  });
  const logger = new Kept();
  app.logger = logger;
  const project = await app.convert();
  if (!project) throw new Error(`TypeDoc could not read the sources.\n${logger.messages.join("\n")}`);
  for (const module of project.children ?? []) {
    const file = [...files.keys()].find((path) => path.replace(/(\/index)?\.ts$/, "") === module.name);
    if (!file) throw new Error(`TypeDoc's module ${module.name} is no entry of the package.`);
    module.name = files.get(file);
  }
  const addresses = new Map();
  for (const guide of project.documents ?? []) {
    const page = pages.find((path) => path.endsWith(`/${basename(guide.name)}.md`));
    addresses.set(guide, page === undefined ? addressOf(guide.name) : basename(guide.name));
    guide.name = titleOf(page ?? join(ROOT, `${guide.name}.md`)) ?? guide.name;
  }
  for (const group of project.groups ?? []) if (group.title === "Documents") group.title = "Guides";
  app.renderer.defineRouter("guides", guidesRouter(addresses));
  app.options.setValue("router", "guides");
  app.validate(project);
  return { app, project, messages: logger.messages };
}

/** Texts beside docs/ that README names, and where they are among the pages. */
const PROJECT = {
  "bench/README": "guides/bench",
  "weights/scenes64/README": "guides/scenes64",
  "weights/mosaic-ade20k32/README": "guides/mosaic-ade20k32",
  SECURITY: "guides/security",
  CONTRIBUTING: "guides/contributing",
  CHANGELOG: "guides/changelog",
};
const addressOf = (name) => PROJECT[name] ?? name.replace("docs/", "guides/");

/** Paths of all texts, in the order in which README names them. */
function guides() {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const named = [...readme.slice(readme.indexOf("## Guides")).matchAll(/\]\((docs\/[\w-]+\.md)\)/g)].map(
    ([, path]) => path,
  );
  const all = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  return [
    ...new Set([...named, ...all.map((name) => `docs/${name}`), ...Object.keys(PROJECT).map((name) => `${name}.md`)]),
  ];
}

const titleOf = (path) => /^# (.+)$/m.exec(readFileSync(path, "utf8"))?.[1];

/** Guides keep the names of their files: headings may change, addresses should not. */
const guidesRouter = (names) =>
  class extends KindRouter {
    getIdealBaseName(reflection) {
      return names.get(reflection) ?? super.getIdealBaseName(reflection);
    }
  };

/** Kinds that must say what they are. */
const DOCUMENTED = new Set(OptionDefaults.requiredToBeDocumented.map((kind) => ReflectionKind[kind]));

/** Names of what has no docstring. */
export function undocumented(project) {
  const missing = Object.values(project.reflections).filter((reflection) => {
    if (!DOCUMENTED.has(reflection.kind) || reflection.isReference?.()) return false;
    const { signatures = [], getSignature, setSignature } = reflection;
    return ![reflection, ...signatures, getSignature, setSignature].some((said) => said?.hasComment());
  });
  return [...new Set(missing.map((reflection) => reflection.getFullName()))].sort();
}
