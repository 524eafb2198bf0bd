import { useState } from "react";
import { initials } from "@/lib/addresses";

/** A person's picture; initials when there is none or it cannot be shown. */
export function Avatar({ name, email, url }: { name: string | null; email: string; url: string | null }) {
  const [broken, setBroken] = useState(false);
  if (url && !broken) {
    return (
      <img
        src={url}
        alt=""
        referrerPolicy="no-referrer"
        onError={() => setBroken(true)}
        className="size-7 shrink-0 rounded-full object-cover"
      />
    );
  }
  return (
    <span
      aria-hidden
      className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-wash font-semibold text-[0.6875rem] text-accent"
    >
      {initials(name, email)}
    </span>
  );
}
