//! Who is asking: passwords, sessions, form tokens, throttling. Pages take an
//! [`Actor`](crate::domain::actor::Actor) as an argument of their handler and so cannot forget to ask.

pub mod api_gate;
pub mod api_limits;
pub mod api_token;
pub mod client;
pub mod csrf;
pub mod device;
pub mod extract;
pub mod gate;
pub mod jwt;
pub mod launch;
pub mod next;
pub mod one_time;
pub mod partition;
pub mod password;
pub mod password_rules;
pub mod session;
pub mod session_store;
pub mod throttle;
pub mod ticket;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::error::{Error, Result};

/// Random bytes from the operating system.
///
/// # Errors
/// If it has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}
