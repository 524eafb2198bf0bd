import { Skeleton } from "@/ui/states";

/** Stands where a page will be while its code is loaded. */
export function Pending() {
  return (
    <div aria-busy className="appear-late mx-auto w-full max-w-[88rem] px-4 pt-5 pb-16 sm:px-6">
      <p className="sr-only">Loading</p>
      <Skeleton className="mb-5 h-7 w-40" />
      <Skeleton className="h-28 w-full rounded-lg" />
      <Skeleton className="mt-4 h-72 w-full rounded-lg" />
    </div>
  );
}
