import { luaScript, type LuaScript } from '../../store/redis/lua-script.js';

function script(name: string): LuaScript {
  return luaScript(new URL(`../lua/${name}.lua`, import.meta.url));
}

/** What a journal does in one step; each file says why it must be one. */
export const journalScripts = {
  accept: script('accept'),
  bury: script('bury'),
  claim: script('claim'),
  overtake: script('overtake'),
  replay: script('replay'),
  restore: script('restore'),
  settle: script('settle'),
};
