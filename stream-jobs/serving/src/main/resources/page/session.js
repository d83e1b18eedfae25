/** Requests with the token that this server may ask for; it is kept as long as this tab is open. */

const KEY = "freshet.token";

let ask = () => Promise.reject(new Error("a token is needed"));
let asked = null;

/** The token, or null. */
export const token = () => sessionStorage.getItem(KEY);

/** Who is asked for the token when a request is refused: answers with it. */
export function onRefused(asks) {
  ask = asks;
}

/** Whether an address is this server's: no other one gets the token. */
export const isOwn = (address) => new URL(address, location.href).origin === location.origin;

/** As fetch, of this server; a request that is refused for want of the token is sent again once there is one. */
export async function send(path, options = {}) {
  if (!isOwn(path)) throw new Error(`${path} is not of this server`);
  for (;;) {
    const tried = token();
    const response = await fetch(path, { ...options, headers: { ...options.headers, ...(tried ? { Authorization: `Bearer ${tried}` } : {}) } });
    if (response.status !== 401) return response;
    // Others may have been refused, too, and asked already.
    if (token() === tried) {
      asked ??= ask(tried !== null).then((given) => sessionStorage.setItem(KEY, given)).finally(() => { asked = null; });
      await asked;
    }
  }
}
