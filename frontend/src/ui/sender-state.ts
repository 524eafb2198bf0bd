import { CircleCheck, CirclePause, CircleX } from "lucide-react";
import type { SenderState } from "@/api/types";
import type { Look } from "./badge";

/** The one table of a sender's states. */
export const SENDER_STATE: Record<SenderState, Look> = {
  active: { label: "Active", tone: "ok", icon: CircleCheck },
  paused: { label: "Paused", tone: "warn", icon: CirclePause },
  disabled: { label: "Disabled", tone: "bad", icon: CircleX },
};
