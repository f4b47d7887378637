import { escaped, printable } from "../names.ts";

/** The same of what is a part of a line. */
export const inLine = (text: string): string => printable(text.replace(/[\n\r\t]/g, escaped));

/** Prints results. All that a command prints goes through here, or through `say`, or `Progress`. */
export const print = (text: string): void => void process.stdout.write(printable(text));

/** Says what is no result: on stderr. */
export const say = (text: string): void => void process.stderr.write(printable(text));
