"""Signs a launch of Claviger’s frame with HS256. Needs PyJWT: pip install pyjwt"""

import os
import secrets
import time

import jwt


def launch_token(*, audience, embed, key_id, key, subject, email, role, origin):
    """A token for one launch.

    audience, embed, key_id and key are settings of your server; Claviger shows them on its page Embedding.
    subject, email and role belong to the person who is signed in to your product: take them from your own session,
    never from the request, or anybody could be anybody. origin is the site that shows the frame, such as
    https://app.example.org; it is a setting too.
    """
    claims = {
        "aud": audience,
        "org": embed,
        "sub": subject,
        "email": email,
        "role": role,
        "origin": origin,
        "jti": secrets.token_urlsafe(24),
        "exp": int(time.time()) + 30,
    }
    # The key is used as the text that Claviger showed, not decoded.
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": key_id})


if __name__ == "__main__":
    print(
        launch_token(
            audience=os.environ["CLAVIGER_URL"],
            embed=os.environ["CLAVIGER_EMBED"],
            key_id=os.environ["CLAVIGER_KEY_ID"],
            key=os.environ["CLAVIGER_KEY"],
            subject=os.environ["SUBJECT"],
            email=os.environ["EMAIL"],
            role=os.environ["ROLE"],
            origin=os.environ["ORIGIN"],
        )
    )
