export { Overview, type OverviewProps } from './overview.tsx';
export { OverviewStore, type OverviewPort } from './overview-store.ts';
