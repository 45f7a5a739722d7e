/**
 * Proof of work, for a workspace into which far more guests come than usual: a nonce with which SHA-256 of challenge and
 * nonce begins with so many zero bits. In slices of a few milliseconds, so that the page stays as quick as it was, and
 * without a worker, which not every page may start. `crypto.subtle` is no help: it takes longer to ask than to compute.
 */
const SLICE = 8; // ms
const HARDEST = 26; // bits: minutes, even for a fast machine; nobody means that

// FIPS 180-4: the fractions of the square roots of the first 8 primes, and of the cube roots of the first 64.
const START = new Int32Array(8);
const ROUNDS = new Int32Array(64);
for (let n = 2, found = 0; found < 64; n++) {
  let d = 2;
  while (n % d) d++;
  if (d < n) continue;
  if (found < 8) START[found] = n ** (1 / 2) * 2 ** 32;
  ROUNDS[found++] = n ** (1 / 3) * 2 ** 32;
}

/** The two hexadecimal digits of each byte, as the 16 bits of two characters. */
const DIGITS = Array.from({ length: 256 }, (_, n) => {
  const [high, low] = n.toString(16).padStart(2, "0");
  return (high.charCodeAt(0) << 8) | low.charCodeAt(0);
});

/**
 * @param {string} challenge  ASCII
 * @param {number} difficulty  leading zero bits
 * @returns {Promise<string>} the nonce; rejects where it is asked for more than could be meant
 */
export async function solve(challenge, difficulty) {
  if (!(difficulty >= 1 && difficulty <= HARDEST)) throw new Error(`This asks for ${difficulty} bits of work.`);
  // A nonce may be any text: ours fills the last block of the challenge up, so that each try is a block of its own.
  const filler = "0".repeat((64 - challenge.length % 64) % 64);
  const known = challenge + filler;
  const state = START.slice();
  const block = new Int32Array(64);
  for (let at = 0; at < known.length; at += 64) {
    for (let n = 0; n < 16; n++) block[n] = word(known, at + 4 * n);
    compress(state, block, state);
  }
  block.fill(0);
  block[2] = 1 << 31;
  block[15] = (known.length + 8) * 8;
  const digest = new Int32Array(8);
  for (let nonce = 0; ; await pause()) {
    for (const until = performance.now() + SLICE; performance.now() < until;) {
      for (const next = nonce + 100; nonce < next; nonce++) {
        block[0] = (DIGITS[nonce >>> 24] << 16) | DIGITS[(nonce >>> 16) & 255];
        block[1] = (DIGITS[(nonce >>> 8) & 255] << 16) | DIGITS[nonce & 255];
        compress(state, block, digest);
        if (!(digest[0] >>> (32 - difficulty))) return filler + nonce.toString(16).padStart(8, "0");
      }
    }
  }
}

/**
 * Ask once more, with a proof, for as long as that is what is wanted: a challenge may have run out, or the address have
 * changed on the way.
 *
 * @param {Response} answer  to the first try
 * @param {(proof: {challenge: string, nonce: string}) => Promise<Response>} ask
 * @returns {Promise<Response>} the last answer
 */
export async function insist(answer, ask) {
  for (let tries = 4; [403, 429].includes(answer.status) && tries; tries--) {
    const { challenge, difficulty } = await answer.clone().json();
    if (!challenge) break;
    answer = await ask({ challenge, nonce: await solve(challenge, difficulty) });
  }
  return answer;
}

const word = (text, at) =>
  (text.charCodeAt(at) << 24) | (text.charCodeAt(at + 1) << 16) | (text.charCodeAt(at + 2) << 8) | text.charCodeAt(at + 3);

/** The state after one more block, whose first 16 words are given; written into `out`, which may be the same. */
function compress(state, w, out) {
  for (let n = 16; n < 64; n++) {
    const x = w[n - 15];
    const y = w[n - 2];
    const s = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const t = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[n] = (w[n - 16] + s + w[n - 7] + t) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let n = 0; n < 64; n++) {
    const s = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s + (g ^ (e & (f ^ g))) + ROUNDS[n] + w[n]) | 0;
    const t = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = t + ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  out[0] = state[0] + a;
  out[1] = state[1] + b;
  out[2] = state[2] + c;
  out[3] = state[3] + d;
  out[4] = state[4] + e;
  out[5] = state[5] + f;
  out[6] = state[6] + g;
  out[7] = state[7] + h;
}

/** Let the page do what waits: a message to oneself comes without the four milliseconds that timers take. */
function pause() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
