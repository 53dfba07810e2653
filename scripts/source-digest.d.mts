export function sourceDigest(root: string): string;
export function filesBelow(root: string, relative: string): string[];
