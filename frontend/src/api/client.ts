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

type Query = Readonly<Record<string, string | number | undefined>>;

interface Options {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

let csrfToken = "";

/** The token that `GET /v1/me` gives; kept in memory only. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function csrfHeaders(): Record<string, string> {
  return csrfToken ? { "X-CSRF-Token": csrfToken } : {};
}

export const api = {
  get: <T>(path: string, options: Omit<Options, "body"> = {}) => request<T>("GET", path, options),
  post: <T>(path: string, body?: unknown, options: Omit<Options, "body"> = {}) =>
    request<T>("POST", path, { ...options, body }),
  patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, { body }),
  delete: (path: string) => request<void>("DELETE", path, {}),
  text: async (path: string, signal?: AbortSignal) => (await send("GET", path, { signal })).text(),
};

async function request<T>(method: string, path: string, options: Options): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204 || response.headers.get("content-length") === "0") return undefined as T;
  return (await response.json()) as T;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (method !== "GET") Object.assign(headers, csrfHeaders());
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(withQuery(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: "same-origin",
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "no_answer", "Paceline does not answer. Check the connection and try again.");
  }
  if (!response.ok) throw await problem(response.status, () => response.text());
  return response;
}

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
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
