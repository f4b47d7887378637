// What frameworks are told of the elements: which properties and events each tag has, in the form
// that templates of React, Vue and Svelte are checked by. All of it is read off
// custom-elements.json, so that it cannot say anything else.

const HEAD = "// Made of custom-elements.json by scripts/elements-types.mjs.\n";
/** Where the types of events are. */
const HERE = ["ErrorDetail", "Place"];
const SESSION = ["Loaded", "Progress", "UnitName"];

/** Declarations by their paths in dist/. */
export function elementTypes({ modules }) {
  const elements = modules[0].declarations;
  return {
    "elements/props.d.ts": props(elements),
    "elements/react.d.ts": react(elements),
    "elements/svelte.d.ts": svelte(elements),
    "elements/vue.d.ts": vue(elements),
  };
}

function props(elements) {
  const classes = elements.map(({ name }) => name);
  const entries = elements.map((element) => `  "${element.tagName}": {\n${propsOf(element)}\n  };`);
  const events = elements.map(
    ({ tagName, events }) =>
      `  "${tagName}": {\n${events.map(({ name, type }) => `    "${name}": ${type.text};`).join("\n")}\n  };`,
  );
  return `${HEAD}import type { ${SESSION.join(", ")} } from "../session/index.js";
import type { ${[...HERE, ...classes].join(", ")} } from "./index.js";

/** What can be set on each element, by its tag: properties, and attributes of other names. */
export interface ElementProps {
${entries.join("\n")}
}

/** What each element tells. */
export interface ElementEvents {
${events.join("\n")}
}
`;
}

/** Properties that can be set; those that an attribute stands for take its text as well. */
function propsOf({ name: element, attributes, members }) {
  const attributeOf = new Map(attributes.map(({ name, fieldName }) => [fieldName, name]));
  const lines = members
    .filter(({ kind, readonly }) => kind === "field" && !readonly)
    .flatMap(({ name, type, description }) => {
      const attribute = attributeOf.get(name);
      const own = attribute ? settable(type.text, `${element}["${name}"]`) : `${element}["${name}"]`;
      const named = [name, ...(attribute && attribute !== name ? [`"${attribute}"`] : [])];
      return named.map((one) => `    /** ${description} */\n    ${one}?: ${own} | undefined;`);
    });
  return lines.join("\n");
}

function settable(type, field) {
  if (type === "boolean") return 'boolean | ""';
  // (Whatever is a number when it is read.)
  if (type === "number") return "number | string";
  if (type.endsWith("[]")) return `readonly ${type} | string`;
  return field;
}

const tags = (elements, of) => elements.map(({ tagName }) => `${of}"${tagName}": GanElement<"${tagName}">;`).join("\n");

const react = (elements) => `${HEAD}import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { ElementEvents, ElementProps } from "./props.js";

type Tag = keyof ElementProps;
type Base<Name extends Tag> = DetailedHTMLProps<HTMLAttributes<HTMLElementTagNameMap[Name]>, HTMLElementTagNameMap[Name]>;
/** React adds a listener for what is called "on" and the event; input and change are its own. */
type Listeners<Events> = {
  [Type in keyof Events & \`gan-\${string}\` as \`on\${Type}\`]?: ((event: Events[Type]) => void) | undefined;
};

/** What JSX takes for a tag. */
export type GanElement<Name extends Tag> = Omit<Base<Name>, keyof ElementProps[Name]> &
  ElementProps[Name] &
  Listeners<ElementEvents[Name]>;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
${tags(elements, "      ")}
    }
  }
}
`;

const svelte = (elements) => `${HEAD}import type { HTMLAttributes } from "svelte/elements";
import type { ElementEvents, ElementProps } from "./props.js";

type Tag = keyof ElementProps;
type Listeners<Events> = {
  [Type in keyof Events & \`gan-\${string}\` as \`on\${Type}\`]?: ((event: Events[Type]) => void) | undefined;
};

/** What a template takes for a tag. */
export type GanElement<Name extends Tag> = Omit<HTMLAttributes<HTMLElementTagNameMap[Name]>, keyof ElementProps[Name]> &
  ElementProps[Name] &
  Listeners<ElementEvents[Name]>;

declare module "svelte/elements" {
  interface SvelteHTMLElements {
${tags(elements, "    ")}
  }
}
`;

const vue = (elements) => `${HEAD}import type { HTMLAttributes, PublicProps } from "vue";
import type { ElementEvents, ElementProps } from "./props.js";

type Tag = keyof ElementProps;
type Camel<Text extends string> = Text extends \`\${infer First}-\${infer Rest}\`
  ? \`\${First}\${Capitalize<Camel<Rest>>}\`
  : Text;
type Listeners<Events> = {
  [Type in keyof Events & \`gan-\${string}\` as \`on\${Capitalize<Camel<Type>>}\`]?: ((event: Events[Type]) => void) | undefined;
};

/** What a template takes for a tag. */
export type GanElement<Name extends Tag> = new () => HTMLElementTagNameMap[Name] & {
  /** @deprecated For templates' types only. */
  $props: PublicProps & Omit<HTMLAttributes, keyof ElementProps[Name]> & ElementProps[Name] & Listeners<ElementEvents[Name]>;
};

declare module "vue" {
  interface GlobalComponents {
${tags(elements, "    ")}
  }
}
`;
