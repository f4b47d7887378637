/**
 * Controls of terminals, all but a line's end and a tab: ESC begins sequences that hide, overwrite
 * or send text, also as one character of C1; and what turns the direction of text, as it then reads
 * otherwise than it is (CVE-2021-42574).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text that may hold names out of files as a terminal may have it: controls are written as JSON
 * writes them, so that JSON stays what it was.
 */
export const printable = (text: string): string => text.replaceAll("\r\n", "\n").replace(CONTROLS, escaped);

/** The same of what is a part of a line. */
export const inLine = (text: string): string => text.replace(/[\n\r\t]/g, escaped).replace(CONTROLS, escaped);

/** Prints results. All that a command prints goes through here, or through `say`, or `Progress`. */
export const print = (text: string): void => void process.stdout.write(printable(text));

/** Says what is no result: on stderr. */
export const say = (text: string): void => void process.stderr.write(printable(text));
