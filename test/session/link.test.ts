import { expect, test } from "vitest";
import { Link } from "../../src/session/link.ts";

test("who told something hears of the end, unless it ended on this side", async () => {
  const heard: string[] = [];
  const ended = [true, false].map((other) => {
    const { port1, port2 } = new MessageChannel();
    const link = new Link(port1);
    link.teller((error) => heard.push(error.message));
    link.teller(() => heard.push("somebody who left")).end();
    if (other) link.end(new Error("The worker ended."));
    else link.close(new Error("This session was disposed."));
    port2.close();
    return link;
  });
  expect(heard).toEqual(["The worker ended."]);
  for (const link of ended) await expect(link.ask("pixel", {})).rejects.toThrow(/ended|disposed/);
});
