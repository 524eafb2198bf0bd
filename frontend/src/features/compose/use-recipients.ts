import { useEffect, useMemo, useRef, useState } from "react";
import type { Import } from "@/api/types";
import { type AddressCount, countAddresses } from "@/lib/addresses";
import { toast } from "@/ui/toast";
import { parseFile, parseText, type Reading } from "./queries";

const SETTLE_MS = 400;
/** Above this the browser does not count by itself while the server reads. */
const COUNT_BYTES = 8_000_000;

export interface Recipients {
  file: { name: string; size: number } | null;
  /** While a file is on its way and being read. */
  progress: Reading | null;
  checking: boolean;
  /** What the browser counts at once, until the server has answered. */
  counted: AddressCount;
  parsed: Import | null;
  addFile: (file: File) => void;
  removeFile: () => void;
  /** The server's reading of what is in the field now; asks for it where it is still missing. */
  resolve: () => Promise<Import>;
}

/** The recipients of a draft: typed text, or one file in its stead. */
export function useRecipients(text: string): Recipients {
  const [file, setFile] = useState<Recipients["file"]>(null);
  const [fileCount, setFileCount] = useState<AddressCount>({ unique: 0, duplicates: 0 });
  const [progress, setProgress] = useState<Reading | null>(null);
  const [checking, setChecking] = useState(false);
  const [parsed, setParsed] = useState<{ text: string | null; result: Import } | null>(null);
  const uploading = useRef<AbortController | null>(null);

  const current = parsed && parsed.text === (file ? null : text) ? parsed.result : null;
  const textCount = useMemo(() => countAddresses(text), [text]);
  const usesText = file === null && text.trim() !== "";

  useEffect(() => {
    if (!usesText) return;
    let stale = false;
    setChecking(true);
    const timer = window.setTimeout(() => {
      parseText(text)
        .then((result) => !stale && setParsed({ text, result }))
        .catch((error) => !stale && toast.error("The recipients could not be read", error))
        .finally(() => !stale && setChecking(false));
    }, SETTLE_MS);
    return () => {
      stale = true;
      window.clearTimeout(timer);
      setChecking(false);
    };
  }, [text, usesText]);

  async function addFile(added: File) {
    uploading.current?.abort();
    const controller = new AbortController();
    uploading.current = controller;
    setFile({ name: added.name, size: added.size });
    setParsed(null);
    setFileCount({ unique: 0, duplicates: 0 });
    setProgress({ step: "upload", share: 0 });
    if (added.size <= COUNT_BYTES) added.text().then((content) => setFileCount(countAddresses(content)));
    try {
      const result = await parseFile(added, setProgress, controller.signal);
      setParsed({ text: null, result });
    } catch (error) {
      if (controller.signal.aborted) return;
      toast.error("The file could not be read", error);
      setFile(null);
    } finally {
      if (uploading.current === controller) setProgress(null);
    }
  }

  function removeFile() {
    uploading.current?.abort();
    setFile(null);
    setProgress(null);
    setParsed(null);
  }

  async function resolve(): Promise<Import> {
    if (current) return current;
    if (file) throw new Error("The file is still being read.");
    const result = await parseText(text);
    setParsed({ text, result });
    return result;
  }

  return {
    file,
    progress,
    checking: checking || progress !== null,
    counted: file ? fileCount : textCount,
    parsed: current,
    addFile,
    removeFile,
    resolve,
  };
}
