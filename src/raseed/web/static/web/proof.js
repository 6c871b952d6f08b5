"use strict";
/* Checks a balance's certificate on this device (docs/formats/certificate.md): SHA-256 and Ed25519 by WebCrypto, Ed25519 by hand
   where the browser has none. Keeps which keys sign each tree and the newest root of each; believes nothing older, nobody else.
   Proof.check(text, ask) resolves to what is proven, or throws a Refused that says why not. */
const Proof = (() => {
  const LIMIT = 1n << 63n, NODE = 48, BYTES_MAX = 65536, TREES_MAX = 32, KEPT = "raseed-proof";
  const NUMBER = /^(0|[1-9][0-9]{0,18})$/, NAME = /^[^\s+]{1,200}$/, CURRENCY = /^[A-Z]{3}$/;
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  class Refused extends Error {
    constructor(code) { super(code); this.code = code; }
  }
  const refuse = (code) => { throw new Refused(code); };
  const not = () => refuse("not_a_certificate");
  const text = (value, form) => (typeof value === "string" && form.test(value) ? value : not());
  const number = (value) => { const n = BigInt(text(value, NUMBER)); return n < LIMIT ? n : not(); };
  const scale = (value) => (Number.isInteger(value) && value >= 0 && value <= 4 ? value : not());
  const utf8 = (words) => new TextEncoder().encode(words);
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
  const joined = (...parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return whole;
  };
  const hash = async (name, bytes) => new Uint8Array(await crypto.subtle.digest(name, bytes));

  function unbase64(value, length) {
    let raw;
    try { raw = atob(value); } catch { not(); }
    if (btoa(raw) !== value || (length !== undefined && raw.length !== length)) not();
    return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
  }

  /* --- what is read --- */

  function readCheckpoint(note) {
    if (typeof note !== "string" || /[\x00-\x09\x0b-\x1f]/.test(note) || !note.endsWith("\n")) not();
    const cut = note.lastIndexOf("\n\n");
    const signatures = note.slice(cut + 2, -1).split("\n").map((line) => {
      const [, name, raw] = /^— (\S+) (.+)$/.exec(line) || not();
      const bytes = unbase64(raw);
      if (bytes.length <= 4) not();
      return { id: text(name, NAME) + "+" + hex(bytes.slice(0, 4)), raw: bytes.slice(4) };
    });
    if (cut < 0 || signatures.length > 16 || note.slice(0, cut).includes("\n\n")) not();
    const [origin, capacity, root, ...more] = note.slice(0, cut).split("\n");
    const line = (name, words) => {
      const found = more.map((one) => one.split(" ")).filter((one) => one[0] === name);
      return found.length === 1 && found[0].length === words + 1 ? found[0].slice(1) : not();
    };
    const places = number(capacity);
    if (places < 2n || places > 1n << 40n || places & (places - 1n)) not();
    const [currency, decimals, owed, owing] = line("raseed-sum-v1", 4), [asOf, batch] = line("raseed-asof-v1", 2);
    const [, leaves, logRoot] = line("raseed-ledger-v1", 3);
    number(leaves);
    unbase64(logRoot, 32);
    return {
      note, text: utf8(note.slice(0, cut + 1)), origin: text(origin, NAME), places, depth: places.toString(2).length - 1,
      root: unbase64(root, 32), currency: text(currency, CURRENCY), scale: scale(Number(number(decimals))),
      owed: number(owed), owing: number(owing), asOf: number(asOf), batch: number(batch), signatures,
      keys: more.filter((line) => line.startsWith("raseed-key-v1 ")).map((line) => line.slice(14)),
    };
  }

  const only = (said, names) => (said && Object.keys(said).sort().join() === names ? said : not());

  function readShare(said) {
    only(said, "owed,owing,path,place,salt");
    const path = unbase64(said.path);
    return path.length % NODE ? not() : { place: number(said.place), salt: unbase64(said.salt, 16), owed: number(said.owed), owing: number(said.owing), path };
  }

  function read(words) {
    let said;
    try { said = JSON.parse(words.length <= BYTES_MAX ? words : ""); } catch { not(); }
    only(said, "account,booked,checkpoint,currency,format,held,position,scale,shares");
    if (said.format !== "raseed-certificate-v1" || !Array.isArray(said.shares) || said.shares.length !== 2) not();
    const below = typeof said.booked === "string" && said.booked !== "-0" && said.booked[0] === "-";
    return {
      account: text(said.account, UUID), currency: text(said.currency, CURRENCY), scale: scale(said.scale),
      booked: below ? -number(said.booked.slice(1)) : number(said.booked), held: number(said.held), position: number(said.position),
      shares: said.shares.map(readShare),
      signed: readCheckpoint(said.checkpoint),
    };
  }

  async function readKey(line) {
    const [, name, id, raw] = /^([^\s+]{1,200})\+([0-9a-f]{8})\+(.+)$/.exec(line) || not();
    const bytes = unbase64(raw, 33);
    if (bytes[0] !== 1 || id !== hex((await hash("SHA-256", joined(utf8(name + "\n"), bytes))).slice(0, 4))) not();
    return { line, name, id: name + "+" + id, raw: bytes.slice(1) };
  }

  /* --- Ed25519 (RFC 8032, 5.1) --- */

  const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const mod = (a, by = P) => { const rest = a % by; return rest < 0n ? rest + by : rest; };
  const power = (base, by) => { let of = 1n; for (; by; by >>= 1n, base = base * base % P) if (by & 1n) of = of * base % P; return of; };
  const inverse = (a) => power(mod(a), P - 2n);
  const little = (bytes) => BigInt("0x" + hex(Uint8Array.from(bytes).reverse()));
  let curve; /* made when it is first needed: most browsers never do */

  function pointOf(raw) {
    const whole = little(raw), y = whole & ((1n << 255n) - 1n), sign = whole >> 255n;
    if (y >= P) return null;
    const square = mod((y * y - 1n) * inverse(curve.D * y * y + 1n));
    let x = power(square, (P + 3n) / 8n);
    if (mod(x * x) !== square) x = mod(x * curve.I);
    if (mod(x * x) !== square || (!x && sign)) return null;
    if ((x & 1n) !== sign) x = P - x;
    return [x, y, 1n, mod(x * y)];
  }

  function added([a, b, c, d], [e, f, g, h]) {
    const m = (b - a) * (f - e) % P, n = (b + a) * (f + e) % P, o = d * h % P * curve.D2 % P, p = 2n * c * g % P;
    const q = n - m, r = p - o, s = p + o, t = n + m;
    return [q * r % P, s * t % P, r * s % P, q * t % P];
  }

  function doubled([a, b, c]) {
    const m = a * a % P, n = b * b % P, h = m + n, e = h - (a + b) ** 2n % P, g = m - n, f = 2n * c * c % P + g;
    return [e * f % P, g * h % P, f * g % P, e * h % P];
  }

  async function signedByHand(raw, message, signature) {
    if (!curve) {
      const D = mod(-121665n * inverse(121666n));
      curve = { D, D2: 2n * D, I: power(2n, (P - 1n) / 4n) };
      curve.base = pointOf(Uint8Array.of(0x58, ...Array(31).fill(0x66)));
    }
    const key = pointOf(raw), s = little(signature.slice(32));
    if (!key || signature.length !== 64 || s >= L) return false;
    const k = mod(little(await hash("SHA-512", joined(signature.slice(0, 32), raw, message))), L);
    const minus = [P - key[0], key[1], 1n, P - key[3]], table = [null, curve.base, minus, added(curve.base, minus)];
    const bits = (of) => of.toString(2).padStart(253, "0"), ofS = bits(s), ofK = bits(k);
    let sum = [0n, 1n, 1n, 0n];
    for (let at = 0; at < 253; at++) {
      sum = doubled(sum);
      const one = table[+ofS[at] + 2 * +ofK[at]];
      if (one) sum = added(sum, one);
    }
    const under = inverse(sum[2]), x = mod(sum[0] * under), y = mod(sum[1] * under);
    return (y | ((x & 1n) << 255n)) === little(signature.slice(0, 32));
  }

  async function signedBy(raw, message, signature) {
    let key;
    try { key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]); } catch { return signedByHand(raw, message, signature); }
    return crypto.subtle.verify("Ed25519", key, signature, message);
  }

  /* --- what is checked --- */

  let good = "";

  async function checkSignature(signed, keys) {
    const found = signed.signatures.flatMap(({ id, raw }) => keys.filter((key) => key.id === id).map((key) => ({ key, raw })));
    if (!found.length) refuse("unknown_key");
    for (const { key, raw } of found) {
      const deed = `${key.line} ${hex(raw)} ${signed.note}`; /* one root is that of several accounts: its signature is checked once */
      if (deed !== good && !await signedBy(key.raw, signed.text, raw)) refuse("forged_checkpoint");
      good = deed;
    }
    if (found.every(({ key }) => key.name !== signed.origin)) refuse("wrong_tree");
    return found.map(({ key }) => key);
  }

  async function rootOf({ account, held, position }, { place, salt, owed, owing, path }, share) {
    const node = new Uint8Array(NODE), sums = new DataView(node.buffer);
    const leaf = joined([0], salt, unhex(account.replaceAll("-", "")), [share], new Uint8Array(32)), figures = new DataView(leaf.buffer);
    [owed, owing, held, position].forEach((figure, at) => figures.setBigUint64(34 + 8 * at, figure));
    let above = hash("SHA-256", leaf);
    for (let at = 0; ; at += NODE, place >>= 1n) {
      node.set(await above);
      sums.setBigUint64(32, owed);
      sums.setBigUint64(40, owing);
      if (at >= path.length) return node;
      const beside = path.subarray(at, at + NODE), others = new DataView(path.buffer, at);
      owed += others.getBigUint64(32);
      owing += others.getBigUint64(40);
      if (owed >= LIMIT || owing >= LIMIT) refuse("sum_overflow");
      above = hash("SHA-256", place & 1n ? joined([1], beside, node) : joined([1], node, beside));
    }
  }

  async function checkPaths(it) {
    const { signed, shares: [a, b] } = it;
    if (it.currency !== signed.currency || it.scale !== signed.scale) refuse("wrong_tree");
    if ([a, b].some(({ path, place }) => path.length !== signed.depth * NODE || place >= signed.places)) refuse("path_length");
    const roots = await Promise.all([rootOf(it, a, 0), rootOf(it, b, 1)]);
    const node = joined(signed.root, new Uint8Array(16)), sums = new DataView(node.buffer);
    sums.setBigUint64(32, signed.owed);
    sums.setBigUint64(40, signed.owing);
    if (roots.some((root) => hex(root) !== hex(node))) refuse("path_does_not_lead_to_root");
    const owed = a.owed + b.owed, owing = a.owing + b.owing;
    if (a.place === b.place || (owed && owing) || owed - owing !== it.booked) refuse("shares_disagree");
  }

  /* ask: { keys, account, booked, available, oldest (µs), seen: {asOf, batch} }, all but the keys as one likes; amounts as texts or BigInt */
  async function verify(words, ask) {
    const it = read(words), { signed } = it, is = (asked, found) => asked === undefined || BigInt(asked) === found;
    it.by = await checkSignature(signed, await Promise.all(ask.keys.map(readKey)));
    await checkPaths(it);
    if (ask.oldest !== undefined && signed.asOf < BigInt(ask.oldest)) refuse("too_old");
    if (ask.seen && (signed.asOf < BigInt(ask.seen.asOf) || signed.batch < BigInt(ask.seen.batch))) refuse("older_than_seen");
    if (ask.account !== undefined && ask.account !== it.account) refuse("other_account");
    if (!is(ask.booked, it.booked) || !is(ask.available, it.booked - it.held)) refuse("other_amount");
    return it;
  }

  /* --- what is remembered: for each tree the keys that sign it, as first met, and the newest root --- */

  function remembered() {
    try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
  }

  /* Trust goes on to another key only through a root that both have signed. */
  async function handedOver({ signed, by }) {
    const named = await Promise.all(signed.keys.map(readKey));
    if (!named.length) return by;
    const all = await checkSignature(signed, named);
    return named.every((key) => key.name === signed.origin && all.some(({ id }) => id === key.id)) ? named : by;
  }

  /* As verify, by the keys kept here; those that the page offers count only for a tree never met before. */
  async function check(words, ask) {
    const { origin } = read(words).signed, before = remembered()[origin];
    const offered = ask.keys.filter((line) => line.startsWith(origin + "+"));
    const it = await verify(words, { ...ask, keys: before ? before.keys : offered, seen: before });
    const keys = (await handedOver(it)).map(({ line }) => line), trees = remembered(), now = trees[origin];
    if (!now && Object.keys(trees).length >= TREES_MAX) refuse("unknown_key");
    if (!now || BigInt(now.asOf) <= it.signed.asOf) {
      trees[origin] = { keys, asOf: String(it.signed.asOf), batch: String(it.signed.batch) };
      try { localStorage.setItem(KEPT, JSON.stringify(trees)); } catch { /* a full or forbidden store: checked all the same */ }
    }
    return it;
  }

  return {
    able: Boolean(self.crypto && crypto.subtle && self.BigInt), Refused, verify, check, signedByHand, remembered,
    forget: () => localStorage.removeItem(KEPT),
  };
})();
