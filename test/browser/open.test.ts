import { expect, test } from "vitest";
import { inPage } from "./open.ts";

test("a Firefox that goes away by itself is started again, twice at most, and no other failure is tried again", async () => {
  let times = 0;
  const named = inPage("data:text/html,<title>here</title>", { browser: "Firefox" }, async ({ page }) => {
    times += 1;
    if (times <= 2) page.browser().process()!.kill("SIGKILL");
    return page.evaluate("new Promise((resolve) => setTimeout(resolve, 500)).then(() => document.title)");
  });
  expect([await named, times]).toEqual(["here", 3]);

  times = 0;
  const never = inPage("about:blank", { browser: "Firefox" }, async ({ page }) => {
    times += 1;
    page.browser().process()!.kill("SIGKILL");
    return page.evaluate("new Promise((resolve) => setTimeout(resolve, 500))");
  });
  await expect(never).rejects.toThrow();
  expect(times).toBe(3);

  times = 0;
  const wrong = inPage("about:blank", { browser: "Firefox" }, async ({ page }) => {
    times += 1;
    expect(await page.evaluate("1 + 1")).toBe(3);
  });
  await expect(wrong).rejects.toThrow("expected 2 to be 3");
  expect(times).toBe(1);
});
