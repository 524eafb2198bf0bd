/**
 * Finds email addresses in typed text, at once and in the browser. It is a preview for the person who types:
 * the server's `POST /v1/recipients/parse` decides what is valid.
 */

/** Lengths are bounded (RFC 5321: 64 before the @, 255 after), so that a long line without an @ costs no square time. */
const ADDRESS = /[^\s<>"'(),;:|[\]@]{1,64}@[^\s<>"'(),;:|[\]@]{1,255}\.[^\s<>"'(),;:|[\]@.]{1,63}/g;

export interface AddressCount {
  readonly unique: number;
  readonly duplicates: number;
}

/** How many different addresses a text holds, upper and lower case taken as the same. */
export function countAddresses(text: string): AddressCount {
  const seen = new Set<string>();
  let found = 0;
  for (const [address] of text.matchAll(ADDRESS)) {
    found += 1;
    seen.add(address.toLowerCase());
  }
  return { unique: seen.size, duplicates: found - seen.size };
}

/** "Ada Lovelace <ada@example.com>" shown as its name, or else the bare address. */
export function displayAddress(address: string): { name: string | null; email: string } {
  const match = /^\s*"?([^"<]*?)"?\s*<([^>]+)>\s*$/.exec(address);
  if (!match?.[2]) return { name: null, email: address.trim() };
  return { name: match[1]?.trim() || null, email: match[2].trim() };
}

/** Up to two letters for a person without a picture. */
export function initials(name: string | null, email: string): string {
  const words = (name || email.split("@")[0] || "?").split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => [...(word ?? "")][0]?.toUpperCase() ?? "").join("") || "?";
}
