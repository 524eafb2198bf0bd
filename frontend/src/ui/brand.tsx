/** The mark: riders in a line, each in the shelter of the one ahead. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b6478" />
      <g fill="none" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" strokeLinejoin="round">
        <path d="M17 8.5 24 16l-7 7.5" />
        <path d="M11.6 11.4 15.9 16l-4.3 4.6" opacity=".72" />
        <path d="M7.2 13.8 9.2 16l-2 2.2" opacity=".45" />
      </g>
    </svg>
  );
}

export function Brand() {
  return (
    <span className="flex items-center gap-2">
      <Mark className="size-6.5" />
      <span className="font-semibold text-[0.9375rem] tracking-tight">Paceline</span>
    </span>
  );
}
