// Signs a launch of Claviger’s frame with Ed25519. Needs Node 18 or newer and nothing else.

import { createPrivateKey, randomBytes, sign } from "node:crypto";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * A token for one launch.
 *
 * audience, embed and keyId are settings of your server; Claviger shows them on its page Embedding. key is your own
 * private key as PEM, whose public half you entered there. subject, email and role belong to the person who is signed
 * in to your product: take them from your own session, never from the request, or anybody could be anybody. origin is
 * the site that shows the frame, such as https://app.example.org; it is a setting too.
 */
export function launchToken({ audience, embed, keyId, key, subject, email, role, origin }) {
  const header = { alg: "EdDSA", typ: "JWT", kid: keyId };
  const claims = {
    aud: audience,
    org: embed,
    sub: subject,
    email,
    role,
    origin,
    jti: randomBytes(24).toString("base64url"),
    exp: Math.floor(Date.now() / 1000) + 30,
  };
  const signed = `${part(header)}.${part(claims)}`;
  const privateKey = createPrivateKey(key);
  // Node would sign with another kind of key as well, and Claviger would refuse it.
  if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("the key is not an Ed25519 key");
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
}

const isCommand = process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isCommand) {
  const { CLAVIGER_URL, CLAVIGER_EMBED, CLAVIGER_KEY_ID, CLAVIGER_KEY, SUBJECT, EMAIL, ROLE, ORIGIN } = process.env;
  console.log(
    launchToken({
      audience: CLAVIGER_URL,
      embed: CLAVIGER_EMBED,
      keyId: CLAVIGER_KEY_ID,
      key: CLAVIGER_KEY,
      subject: SUBJECT,
      email: EMAIL,
      role: ROLE,
      origin: ORIGIN,
    }),
  );
}
