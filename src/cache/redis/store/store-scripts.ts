import { luaScript } from '../connection/lua-script.js';
import { luaTexts } from './lua/texts.js';

/** What a store does in one step; each file says why it must be one. */
export const storeScripts = {
  acquire: luaScript(luaTexts.acquire),
  announce: luaScript(luaTexts.announce),
  countAsked: luaScript(luaTexts['count-asked']),
  fill: luaScript(luaTexts.fill),
  intend: luaScript(luaTexts.intend),
  invalidate: luaScript(luaTexts.invalidate),
  release: luaScript(luaTexts.release),
  renew: luaScript(luaTexts.renew),
};
