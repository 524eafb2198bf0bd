import { useStats } from "./queries";
export function Overview() {
  const stats = useStats();
  return <pre>{JSON.stringify(stats.data)}</pre>;
}
