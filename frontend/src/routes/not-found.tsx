import { Link } from "@tanstack/react-router";
import { Signpost } from "lucide-react";
import { buttonClasses } from "@/ui/button";
import { Empty } from "@/ui/states";

export function NotFound() {
  return (
    <Empty
      icon={Signpost}
      title="There is no such page"
      action={
        <Link to="/" className={buttonClasses()}>
          Go to the overview
        </Link>
      }
    />
  );
}
