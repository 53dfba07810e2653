import { tellResult } from '../overhead/wrk.js';

/** Makes wrk send operations that never came before, counted on from `from`: in turn one of another text, and one of other variables. */
export function floodScript(from: number): string {
  return `
local headers = { ["content-type"] = "application/json" }
local at = ${from}
function request()
  at = at + 1
  if at % 2 == 0 then
    return wrk.format("POST", nil, headers, '{"query":"query Q' .. at .. ' { movie(id: 1) { id title } }"}')
  end
  return wrk.format("POST", nil, headers, '{"query":"query ($id: ID!) { movie(id: $id) { id title } }","variables":{"id":"none-' .. at .. '"}}')
end
${tellResult}`;
}
