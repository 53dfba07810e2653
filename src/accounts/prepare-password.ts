/**
 * A password as OpaqueString of RFC 8265 prepares it: every blank is a plain one, and letters that were typed in parts
 * are composed (NFC). The same password then opens the account from every keyboard and operating system.
 */
export function preparePassword(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}
