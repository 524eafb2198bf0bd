// A real OpenID provider (npm oidc-provider) for the sign-in journey. Its development pages ask for a login and a consent.
// usage: node oidc_provider.mjs PORT REDIRECT_URI
//
// The login decides who signs in: "ann" is ann@example.com; "ann@other.test" is that address; what follows a "+" is a trait:
//   +unverified   the address is not verified
//   +userinfo     the address is only told by the userinfo endpoint
//   +hd:NAME      with a claim hd
//   +sub:NAME     with that subject; else the login is it
//   +forged:WHAT  the id_token is none that this provider would sign: key, audience, issuer, expired, unsigned

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { generateKeyPair, SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader, importJWK } from "../node/node_modules/jose/dist/webapi/index.js";
import { Provider } from "../node/node_modules/oidc-provider/lib/index.js";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const signing = { ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" };

function person(login) {
  const [name, ...traits] = login.split("+");
  const told = (name) => traits.find((trait) => trait.startsWith(`${name}:`))?.slice(name.length + 1);
  const hd = told("hd");
  return {
    sub: login,
    email: name.includes("@") ? name : `${name}@example.com`,
    email_verified: !traits.includes("unverified"),
    name: name.split("@")[0].replace(/^./, (first) => first.toUpperCase()),
    picture: "https://pictures.example/face.png",
    ...(hd && { hd }),
    traits,
  };
}

const provider = new Provider(issuer, {
  clients: [{ client_id: "paceline", client_secret: "a-secret-of-the-test", redirect_uris: [redirectUri] }],
  jwks: { keys: [signing] },
  cookies: { keys: [randomBytes(16).toString("hex")] },
  claims: { openid: ["sub", "hd"], email: ["email", "email_verified"], profile: ["name", "picture"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_ctx, login) => {
    const { traits, ...claims } = person(login);
    return {
      accountId: login,
      claims: (use) => (use === "id_token" && traits.includes("userinfo") ? { sub: claims.sub, hd: claims.hd } : claims),
    };
  },
});

provider.use(async (ctx, next) => {
  await next();
  const login = ctx.oidc?.entities?.Account?.accountId;
  const forged = login && person(login).traits.find((trait) => /^(forged|sub):/.test(trait));
  if (ctx.oidc?.route === "token" && forged && ctx.body?.id_token) {
    ctx.body = { ...ctx.body, id_token: await forge(forged.replace(/^forged:/, ""), ctx.body.id_token) };
  }
});

async function forge(what, token) {
  const claims = decodeJwt(token);
  if (what === "unsigned") return new UnsecuredJWT(claims).encode();
  if (what === "audience") Object.assign(claims, { aud: "somebody-else", azp: "paceline" });
  if (what === "issuer") claims.iss = "https://issuer.example";
  if (what.startsWith("sub:")) claims.sub = what.slice("sub:".length);
  if (what === "expired") claims.exp = claims.iat - 3600;
  const key = what === "key" ? (await generateKeyPair("RS256")).privateKey : await importJWK(signing, "RS256");
  return new SignJWT(claims).setProtectedHeader(decodeProtectedHeader(token)).sign(key);
}

provider.listen(Number(port), "127.0.0.1");
