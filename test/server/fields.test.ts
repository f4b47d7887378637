import { describe, expect, test } from "vitest";
import { bodyOf, fieldsOf, fractionOf, listOf, numberOf, textOf, wholeOf } from "../../src/server/fields.ts";

test.each<[call: () => unknown, message: string]>([
  [() => fieldsOf(undefined, "mask"), "mask is missing."],
  [() => fieldsOf([], "mask"), "mask is []."],
  [() => listOf({}, "ids", 3), "ids is {}."],
  [() => listOf([1, 2, 3, 4], "ids", 3), "ids has 4 entries."],
  [() => textOf(3, "layer"), "layer is 3."],
  [() => wholeOf(1.5, "unit", 0, 9), "unit is 1.5."],
  [() => wholeOf("1", "unit", 0, 9), 'unit is "1".'],
  [() => wholeOf(10, "unit", 0, 9), "unit is 10."],
  [() => numberOf(Number.NaN, "value"), "value is null."],
  [() => numberOf(1e39, "value"), "value is 1e+39."],
  [() => fractionOf(1.01, "alpha"), "alpha is 1.01."],
  [() => fractionOf("x".repeat(99), "alpha"), `alpha is "${"x".repeat(56)}….`],
])("%o: %s", (call, message) => {
  expect(call).toThrow(expect.objectContaining({ status: 400, message }));
});

test("what is right is handed on", () => {
  expect([
    wholeOf(0, "a", 0, 9),
    wholeOf(9, "a", 0, 9),
    numberOf(-2.5, "b"),
    fractionOf(0, "c"),
    fractionOf(1, "c"),
    textOf("", "d"),
    listOf([1, 2, 3], "e", 3),
  ]).toEqual([0, 9, -2.5, 0, 1, "", [1, 2, 3]]);
  // of a value 60 letters are told, quotes among them
  expect(() => fractionOf("x".repeat(58), "alpha")).toThrow(`alpha is "${"x".repeat(58)}".`);
});

describe("bodies", () => {
  const request = (body: BodyInit, type = "application/json") =>
    new Request("http://localhost/", {
      method: "POST",
      body,
      headers: { "content-type": type },
      duplex: "half",
    } as RequestInit);
  const endless = () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(100).fill(32));
      },
    });
    return { body, pulled: () => pulled };
  };

  test.each(["application/json", "application/json; charset=UTF-8", "Application/JSON ;x"])(
    "%s is read",
    async (type) => {
      expect(await bodyOf(request('{"a":"ä"}', type), 100)).toEqual({ a: "ä" });
    },
  );

  test.each([
    "text/plain",
    "application/jsonp",
    "multipart/form-data; a=application/json",
    "application/x-www-form-urlencoded",
  ])(
    "%s is not",
    async (type) => await expect(bodyOf(request("{}", type), 100)).rejects.toMatchObject({ status: 415 }),
  );

  test("no more is read than may be there, whatever is said of the length", async () => {
    const { body, pulled } = endless();
    await expect(bodyOf(request(body), 1000)).rejects.toMatchObject({ status: 413 });
    expect(pulled()).toBeLessThan(20);
    const lying = new Request("http://localhost/", {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json", "content-length": "1001" },
    });
    await expect(bodyOf(lying, 1000)).rejects.toMatchObject({ status: 413 });
  });

  test("where requests have no streams, as in Firefox, it is read at once, and measured", async () => {
    const firefox = (text: string): Request =>
      new Proxy(request(text), {
        get(target, name) {
          if (name === "body") return undefined;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    expect(await bodyOf(firefox('{"a":1}'), 100)).toEqual({ a: 1 });
    await expect(bodyOf(firefox(`{"a":"${"x".repeat(100)}"}`), 100)).rejects.toMatchObject({ status: 413 });
  });

  test("what comes in parts is put together", async () => {
    const parts = ['{"a', '":"', 'ä"}'].map((part) => new TextEncoder().encode(part));
    const body = new ReadableStream({ start: (to) => [...parts.map((part) => to.enqueue(part)), to.close()] as never });
    expect(await bodyOf(request(body), 10)).toEqual({ a: "ä" });
  });

  test("as much as may be there is", async () => {
    expect(await bodyOf(request('{"a":1}'), 7)).toEqual({ a: 1 });
    await expect(bodyOf(request('{"a":1}'), 6)).rejects.toMatchObject({ status: 413 });
  });

  test("none at all is no JSON", async () => {
    await expect(
      bodyOf(new Request("http://localhost/", { method: "POST", headers: { "content-type": "application/json" } }), 9),
    ).rejects.toMatchObject({ status: 400 });
  });
});
