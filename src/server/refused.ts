import { type ErrorCode, GanatomyError } from "../errors.ts";

// Tests: test/server/refused.test.ts

/** Why a request is not answered: thrown within the handler, which makes a response of it. */
export class Refused extends Error {
  override name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly fix: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    fix: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.fix = fix;
    this.headers = headers;
  }
}

export const badRequest = (message: string, fix: string): Refused => new Refused(400, "bad-request", message, fix);
export const notFound = (message: string, fix: string): Refused => new Refused(404, "not-found", message, fix);

/** Codes of the library that the request is to blame for; all others are a device's or a fault. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: 400,
  shape: 400,
  photo: 400,
  labels: 400,
  file: 400,
  "not-found": 404,
  "no-webgpu": 503,
  "no-adapter": 503,
  "insecure-context": 503,
  limit: 503,
  "device-lost": 503,
  "out-of-memory": 503,
  "host-memory": 503,
};

/** The response that an error becomes. What was not foreseen is not told: it may name files. */
export function refusal(error: unknown): Response {
  const { status, code, message, fix, headers } = told(error);
  return Response.json({ error: { code, message, fix } }, { status, headers });
}

function told(error: unknown): Pick<Refused, "status" | "code" | "message" | "fix" | "headers"> {
  if (error instanceof Refused) return error;
  if (error instanceof GanatomyError && STATUS[error.code] !== undefined) {
    const { code, fix } = error;
    return { status: STATUS[code]!, code, message: error.message.replace(fix, "").trim(), fix, headers: {} };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { status: 503, code: "aborted", message: "The request was given up.", fix: "Send it again.", headers: {} };
  }
  const fix = "Look at what the server prints, and report it.";
  return { status: 500, code: "unexpected", message: "Something went wrong that was not foreseen.", fix, headers: {} };
}
