//! How often anybody may try to get in from one network, and altogether. What is counted for each account is in
//! [`sign_in_failures`](crate::store::sign_in_failures), where all replicas see it.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use ipnet::IpNet;

use crate::clock::Clock;
use crate::error::{Error, Result};

/// Tries a minute from one network.
const PER_NETWORK_A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// Tries a second from everywhere. Browsers that are known are not counted, so that a flood from many networks
/// keeps only new browsers out.
const IN_ALL_A_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// More networks than this at once, and those that have been quiet are forgotten.
const MOST_NETWORKS: usize = 10_000;

/// Counts tries.
pub struct TryLimits {
    by_network: RateLimiter<IpNet, DashMapStateStore<IpNet>, Clock, NoOpMiddleware<Duration>>,
    in_all: RateLimiter<NotKeyed, InMemoryState, Clock, NoOpMiddleware<Duration>>,
    clock: Clock,
}

impl TryLimits {
    /// Nobody has tried yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            by_network: RateLimiter::dashmap_with_clock(Quota::per_minute(PER_NETWORK_A_MINUTE), clock.clone()),
            in_all: RateLimiter::direct_with_clock(Quota::per_second(IN_ALL_A_SECOND), clock.clone()),
            clock,
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// [`Error::TooMany`], with the seconds to wait.
    pub fn count(&self, ip: Option<IpAddr>) -> Result<()> {
        if self.by_network.len() > MOST_NETWORKS {
            self.by_network.retain_recent();
        }
        if let Some(network) = ip.and_then(network) {
            self.by_network.check_key(&network).map_err(|not_until| self.wait(&not_until))?;
        }
        self.in_all.check().map_err(|not_until| self.wait(&not_until))
    }

    fn wait(&self, not_until: &NotUntil<Duration>) -> Error {
        Error::TooMany { retry_after_s: not_until.wait_time_from(GovernorClock::now(&self.clock)).as_secs() + 1 }
    }
}

/// The network that one party commands: a /24, or the /56 that providers hand out.
fn network(ip: IpAddr) -> Option<IpNet> {
    let bits = if ip.is_ipv4() { 24 } else { 56 };
    IpNet::new(ip, bits).ok().map(|net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn one_network_may_try_twenty_times_a_minute_and_others_are_not_hindered() {
        let clock = Clock::default();
        let limits = TryLimits::new(clock.clone());
        for n in 0..20 {
            limits.count(ip(&format!("198.51.100.{n}"))).unwrap();
            clock.advance(TimeDelta::milliseconds(100));
        }
        assert!(matches!(limits.count(ip("198.51.100.200")), Err(Error::TooMany { retry_after_s: 1..=3 })));
        limits.count(ip("203.0.113.1")).unwrap();
        limits.count(ip("2001:db8::1")).unwrap();
        clock.advance(TimeDelta::seconds(3));
        limits.count(ip("198.51.100.1")).unwrap();
    }

    #[test]
    fn a_second_has_ten_tries_for_all_together() {
        let limits = TryLimits::new(Clock::default());
        let n_let_through = (0..30).filter(|n| limits.count(ip(&format!("10.0.{n}.1"))).is_ok()).count();
        assert!((10..=12).contains(&n_let_through), "{n_let_through}");
    }
}
