import { useEffect, useMemo, useRef, useState } from "react";
import type { Reading } from "@/api/lists";
import type { Import } from "@/api/types";
import { type AddressCount, countAddresses } from "@/lib/addresses";
import { toast } from "@/ui/toast";
import { type ColumnNames, parseFile, parseText } from "./queries";

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
  /** The same list as it was read first, before anybody renamed its columns. */
  found: Import | null;
  /** What its columns are called now, in the order of `found`. */
  names: ColumnNames;
  /** Has the list read again under other names. Fails with what the server says about them. */
  rename: (names: ColumnNames) => Promise<void>;
  addFile: (file: File) => void;
  removeFile: () => void;
  /** The server's reading of what is in the field now; asks for it where it is still missing. */
  resolve: () => Promise<Import>;
}

interface Parsed {
  /** The text that was read; null: a file. */
  text: string | null;
  result: Import;
  found: Import;
  names: ColumnNames;
}

function firstReading(text: string | null, result: Import): Parsed {
  return { text, result, found: result, names: result.columns };
}

/** The recipients of a draft: typed text, or one file in its stead. */
export function useRecipients(text: string): Recipients {
  const [file, setFile] = useState<Recipients["file"]>(null);
  const [fileCount, setFileCount] = useState<AddressCount>({ unique: 0, duplicates: 0 });
  const [progress, setProgress] = useState<Reading | null>(null);
  const [checking, setChecking] = useState(false);
  const [parsed, setParsed] = useState<Parsed | null>(null);
  const uploading = useRef<AbortController | null>(null);
  const source = useRef<File | null>(null);
  const renaming = useRef<Promise<Import> | null>(null);

  const latest = parsed && parsed.text === (file ? null : text) ? parsed : null;
  const current = latest?.result ?? null;
  const textCount = useMemo(() => countAddresses(text), [text]);
  const usesText = file === null && text.trim() !== "";

  useEffect(() => {
    if (!usesText) return;
    let stale = false;
    setChecking(true);
    const timer = window.setTimeout(() => {
      parseText(text)
        .then((result) => !stale && setParsed(firstReading(text, result)))
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
    source.current = added;
    setFile({ name: added.name, size: added.size });
    setParsed(null);
    setFileCount({ unique: 0, duplicates: 0 });
    setProgress({ step: "upload", share: 0 });
    if (added.size <= COUNT_BYTES) added.text().then((content) => setFileCount(countAddresses(content)));
    try {
      const result = await parseFile(added, setProgress, controller.signal);
      setParsed(firstReading(null, result));
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

  async function rename(names: ColumnNames) {
    if (!latest) return;
    const controller = new AbortController();
    uploading.current?.abort();
    uploading.current = controller;
    setChecking(true);
    const reading =
      file && source.current
        ? parseFile(source.current, setProgress, controller.signal, names)
        : parseText(text, names);
    renaming.current = reading;
    try {
      const result = await reading;
      // Another list may have taken its place meanwhile.
      setParsed((now) => (now === latest ? { ...latest, result, names } : now));
    } finally {
      if (renaming.current === reading) renaming.current = null;
      if (uploading.current === controller) setProgress(null);
      setChecking(false);
    }
  }

  async function resolve(): Promise<Import> {
    if (renaming.current) return renaming.current;
    if (current) return current;
    if (file) throw new Error("The file is still being read.");
    const result = await parseText(text);
    setParsed(firstReading(text, result));
    return result;
  }

  return {
    file,
    progress,
    checking: checking || progress !== null,
    counted: file ? fileCount : textCount,
    parsed: current,
    found: latest?.found ?? null,
    names: latest?.names ?? [],
    rename,
    addFile,
    removeFile,
    resolve,
  };
}
