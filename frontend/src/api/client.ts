import type { Answer, PathFor, Request } from "./operations";

/** The one way to the server. Every failure becomes an ApiError; unsafe methods carry the session's CSRF token. */

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    readonly code: string,
    message: string,
    readonly errors: readonly FieldError[] = [],
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** The parts of a request without their types: `api` has checked them against the API document. */
interface Parts {
  readonly path?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

let csrfToken = "";

/** The token that `GET /v1/me` gives; kept in memory only. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function csrfHeaders(): Record<string, string> {
  return csrfToken ? { "X-CSRF-Token": csrfToken } : {};
}

/** Calls of the API, typed by its document: path, query, body and answer. */
export const api = {
  get: <P extends PathFor<"get">>(path: P, request: Request<"get", P>) =>
    json<Answer<"get", P>>("GET", path, request),
  post: <P extends PathFor<"post">>(path: P, request: Request<"post", P>) =>
    json<Answer<"post", P>>("POST", path, request),
  patch: <P extends PathFor<"patch">>(path: P, request: Request<"patch", P>) =>
    json<Answer<"patch", P>>("PATCH", path, request),
  delete: <P extends PathFor<"delete">>(path: P, request: Request<"delete", P>) =>
    json<Answer<"delete", P>>("DELETE", path, request),
  text: async <P extends PathFor<"get">>(path: P, request: Request<"get", P>) =>
    (await send("GET", path, request)).text(),
};

/** The few paths under /auth, which are no part of the API document. */
export const auth = {
  get: <T>(path: `/auth/${string}`, signal: AbortSignal) => json<T>("GET", path, { signal }),
  post: <T = undefined>(path: `/auth/${string}`, body?: unknown) => json<T>("POST", path, { body }),
};

async function json<T>(method: string, path: string, parts: Parts): Promise<T> {
  const response = await send(method, path, parts);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

async function send(method: string, path: string, options: Parts): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (method !== "GET") Object.assign(headers, csrfHeaders());
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address(path, options), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: "same-origin",
      signal: options.signal ?? null,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "no_answer", "Paceline does not answer. Check the connection and try again.");
  }
  if (!response.ok) throw await problem(response.status, () => response.text());
  return response;
}

/** `/v1/emails/{email_id}` with its parts filled in, and the query behind it. */
function address(path: string, { path: names = {}, query = {} }: Parts): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names[name])));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}

/** Reads the error body that the API promises; an answer without one (a proxy's page) still says its status. */
export async function problem(status: number, text: () => Promise<string>): Promise<ApiError> {
  try {
    const body: unknown = JSON.parse(await text());
    if (isErrorBody(body)) {
      return new ApiError(status, body.name, body.message, body.errors ?? [], body.request_id ?? null);
    }
  } catch {
    // not JSON: fall through to the status alone
  }
  return new ApiError(status, "unexpected_answer", `The server answered with status ${status}.`);
}

interface ErrorBody {
  name: string;
  message: string;
  errors?: FieldError[] | null;
  request_id?: string | null;
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "message" in body && "name" in body;
}
