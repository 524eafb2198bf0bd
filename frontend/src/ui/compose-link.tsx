import { Link } from "@tanstack/react-router";
import { PenLine } from "lucide-react";
import { type ButtonLook, buttonClasses } from "./button";
import { useLooksOnly } from "./looks-only";

interface ComposeLinkProps {
  label?: string;
  size?: ButtonLook["size"];
}

/** The way to a new message; nothing for who may only look. */
export function ComposeLink({ label = "Compose", size = "md" }: ComposeLinkProps) {
  if (useLooksOnly()) return null;
  return (
    <Link to="/compose" className={buttonClasses({ variant: "primary", size })}>
      <PenLine className={size === "sm" ? "size-3.5" : "size-4"} aria-hidden />
      {label}
    </Link>
  );
}
