//! The one clock. Times are UTC and cut to microseconds, because PostgreSQL keeps no more and a time that
//! is read back must equal the one that was written.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// A moment in UTC, to the microsecond. Naive because both databases store it without a zone.
pub type Timestamp = NaiveDateTime;

/// Tells the time; cheap to clone. Clones share their offset, so a test can move a whole server's time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_us: Arc<AtomicI64>,
}

impl Clock {
    /// Now, in UTC, cut to microseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock everything else asks")]
        let now_us = Utc::now().timestamp_micros() + self.ahead_us.load(Ordering::Relaxed);
        DateTime::from_timestamp_micros(now_us).unwrap_or_default().naive_utc()
    }

    /// Moves this clock and all its clones forward.
    pub fn advance(&self, by: TimeDelta) {
        self.ahead_us.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::Relaxed);
    }
}

/// Our clock, as rate limiters read it.
impl governor::clock::Clock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.now().and_utc().timestamp_micros()).unwrap_or_default())
    }
}
