import { luaScript } from '../connection/lua-script.js';
import { luaTexts } from './lua/texts.js';

/** What a journal does in one step; each file says why it must be one. */
export const journalScripts = {
  accept: luaScript(luaTexts.accept),
  bury: luaScript(luaTexts.bury),
  claim: luaScript(luaTexts.claim),
  supersede: luaScript(luaTexts.supersede),
  replay: luaScript(luaTexts.replay),
  restore: luaScript(luaTexts.restore),
  settle: luaScript(luaTexts.settle),
};
