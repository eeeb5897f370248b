//! Passwords as Argon2id hashes. Hashing costs 46 MB and some 100 ms each time, so it runs off the async threads
//! and only so often at once: a flood of sign-ins waits instead of eating the memory.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// The least that is accepted, from the OWASP password storage cheat sheet (m in KiB, t, p). `m=47104, t=1` is of
/// equal strength there, and quicker.
const PARAMETERS: (u32, u32, u32) = (47_104, 1, 1);

/// Verified when there is no such account, so that the answer takes as long. Nobody's password: the hash is not
/// that of anything.
const NOBODYS: &str = "$argon2id$v=19$m=47104,t=1,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// As many hashes at once as there are cores.
static PERMITS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// What a password turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Verified {
    /// The right one. A hash in our present parameters comes along if the stored one has others.
    Right {
        /// To be stored in the old one's place.
        renewed_hash: Option<String>,
    },
    /// Not the right one.
    Wrong,
}

/// Hashes a password for storing.
///
/// # Errors
/// [`Error::Internal`] if hashing fails.
pub async fn hash(password: &Secret) -> Result<String> {
    let password = password.duplicate();
    run(move || hash_now(&password)).await
}

/// Compares a password with a stored hash; with nobody's if there is none, which takes as long.
///
/// # Errors
/// [`Error::Internal`] if hashing fails.
pub async fn verify(password: &Secret, stored: Option<String>) -> Result<Verified> {
    let password = password.duplicate();
    run(move || {
        let is_account = stored.is_some();
        let stored = stored.as_deref().unwrap_or(NOBODYS);
        let parsed = Phc::new(stored).map_err(Error::internal)?;
        if argon()?.verify_password(password.expose().as_bytes(), &parsed).is_err() || !is_account {
            return Ok(Verified::Wrong);
        }
        let renewed_hash = if is_current(&parsed) { None } else { Some(hash_now(&password)?) };
        Ok(Verified::Right { renewed_hash })
    })
    .await
}

fn hash_now(password: &Secret) -> Result<String> {
    let salt = super::random::<16>()?;
    let hash = argon()?.hash_password_with_salt(password.expose().as_bytes(), &salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn argon() -> Result<Argon2<'static>> {
    let (m, t, p) = PARAMETERS;
    let parameters = Params::new(m, t, p, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

fn is_current(hash: &Phc) -> bool {
    let (m, t, p) = PARAMETERS;
    let Ok(found) = Params::try_from(hash) else { return false };
    hash.algorithm.as_str() == "argon2id" && (found.m_cost(), found.t_cost(), found.p_cost()) == (m, t, p)
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _permit = PERMITS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[actix_web::test]
    async fn a_password_is_known_again_by_its_hash() {
        let stored = hash(&secret("träume aus dem keller")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{stored}");
        let right = verify(&secret("träume aus dem keller"), Some(stored.clone())).await.unwrap();
        assert_eq!(right, Verified::Right { renewed_hash: None });
        assert_eq!(verify(&secret("traume aus dem keller"), Some(stored)).await.unwrap(), Verified::Wrong);
    }

    #[actix_web::test]
    async fn an_older_hash_is_renewed_when_the_password_is_right() {
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap());
        let old = old.hash_password_with_salt(b"a few unrelated words", b"0123456789abcdef").unwrap().to_string();
        let Verified::Right { renewed_hash: Some(new) } =
            verify(&secret("a few unrelated words"), Some(old.clone())).await.unwrap()
        else {
            panic!("the old hash should be renewed");
        };
        assert!(new.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{new}");
        assert_eq!(verify(&secret("wrong"), Some(old)).await.unwrap(), Verified::Wrong);
    }

    #[actix_web::test]
    async fn nobody_is_let_in_but_it_takes_as_long() {
        Phc::new(NOBODYS).expect("nobody’s hash can be read");
        let stored = hash(&secret("a few unrelated words")).await.unwrap();
        let started = std::time::Instant::now();
        verify(&secret("something else"), Some(stored)).await.unwrap();
        let with_account = started.elapsed();
        let started = std::time::Instant::now();
        assert_eq!(verify(&secret("something else"), None).await.unwrap(), Verified::Wrong);
        let without = started.elapsed();
        assert!(without > with_account / 4, "{without:?} against {with_account:?}");
    }
}
