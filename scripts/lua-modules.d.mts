/** For each folder of Lua scripts the module that carries their texts: where it stands, and what must stand in it. */
export function luaModules(root: string): { readonly file: string; readonly source: string }[];

/** Writes what is not up to date, and returns the files that it wrote. */
export function writeLuaModules(root: string): string[];
