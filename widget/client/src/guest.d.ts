export interface GuestOptions {
  /** Under which the guest takes part; without one the workspace gives them a name. */
  name?: string;
  /** A guest's token, for a fresh one of the same guest. */
  token?: string;
}

export interface GuestToken {
  token: string;
  /** When the token ends, in Unix seconds. */
  exp: number;
  /** The guest's id. */
  sub: string;
}

/**
 * A token for a new guest, or a fresh one for the guest whose `token` is given. While far more guests come than usual a
 * workspace asks for a proof of work first: this does it by itself, and takes up to some seconds longer. Rejects with an
 * error that has a `code`, such as `guests_not_allowed`, or as `fetch` does where there is no network.
 *
 * @param origin of the workspace, such as `https://acme.snug.example`
 */
export function guest(origin: string, options?: GuestOptions): Promise<GuestToken>;
