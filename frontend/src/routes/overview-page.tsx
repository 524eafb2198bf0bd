import { Overview } from "@/features/overview/overview";
import { Page } from "@/ui/page";

export function OverviewPage() {
  return (
    <Page title="Overview">
      <Overview />
    </Page>
  );
}
