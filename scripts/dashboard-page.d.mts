export function dashboardModule(root: string): string;
export function writeDashboardModule(root: string): boolean;
