import type { paths } from "./schema";

/** What the API document says of each path and method, so that a call that does not fit it does not compile. */

export type Method = "get" | "post" | "patch" | "delete";

/** The paths that answer to a method. */
export type PathFor<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends object ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends PathFor<M>> = NonNullable<paths[P][M]>;

/** The body of the good answer; void where there is none. */
export type Answer<M extends Method, P extends PathFor<M>> =
  Operation<M, P> extends { responses: infer R } ? JsonOf<R[keyof R & (200 | 201 | 202)]> : never;

type JsonOf<R> = [R] extends [never]
  ? undefined
  : R extends { content: { "application/json": infer Body } }
    ? Body
    : undefined;

/** What a call takes: path and body where the operation has them, query and headers where the caller wants. */
export type Request<M extends Method, P extends PathFor<M>> = PathOf<Operation<M, P>> &
  BodyOf<Operation<M, P>> & {
    query?: QueryOf<Operation<M, P>>;
    headers?: Readonly<Record<string, string>>;
    signal?: AbortSignal;
  };

type PathOf<O> = O extends { parameters: { path: infer Path extends object } }
  ? { path: Path }
  : { path?: never };

type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer Body } } }
  ? { body: Body }
  : O extends { requestBody?: infer R }
    ? NonNullable<R> extends { content: { "application/json": infer Body } }
      ? [NonNullable<R>] extends [never]
        ? { body?: never }
        : { body?: Body }
      : { body?: never }
    : { body?: never };

type QueryOf<O> = O extends { parameters: { query?: infer Query } } ? Query : never;
