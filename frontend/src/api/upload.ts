import { ApiError, csrfHeaders, problem } from "./client";

/** Sends one file as multipart field `file`. fetch tells no upload progress, XMLHttpRequest does (0 to 1). */
export function upload<T>(
  path: string,
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
  fields: Readonly<Record<string, string>> = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append("file", file);
    request.open("POST", path);
    for (const [name, value] of Object.entries(csrfHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else problem(request.status, async () => request.responseText).then(reject, reject);
    };
    request.onerror = () => reject(new ApiError(0, "no_answer", "The upload was cut off. Try it again."));
    request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}
