//! Failed sign-ins, by a hash of what was tried, so that guessing gets slower whatever address it comes from.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::Conn;
use super::schema::sign_in_failures;
use crate::clock::Timestamp;
use crate::error::Result;

/// Tries in a row that cost nothing.
pub const FREE_TRIES: i64 = 5;

/// Longest pause, in seconds.
const LONGEST_PAUSE_S: i64 = 15 * 60;

/// Failures are forgotten this long after the last one.
const FORGET_AFTER: TimeDelta = TimeDelta::hours(1);

/// Whether one more try is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; so many are left before the next pause.
    Go {
        /// Tries left, this one not counted.
        tries_left: i64,
    },
    /// Not before this time.
    Wait {
        /// When the pause ends.
        until: Timestamp,
    },
}

/// Counts a try as failed, before it is made: otherwise a hundred at once would all be made before the first
/// is counted. Forget it with [`forgive`] if it succeeds.
///
/// # Errors
/// The database's.
pub fn count(conn: &mut Conn, key: &[u8], now: Timestamp) -> Result<Verdict> {
    lock(conn, key, now)?;
    let (failures, blocked_until, last_failed_at): (i64, Option<Timestamp>, Timestamp) = sign_in_failures::table
        .find(key)
        .select((sign_in_failures::failures, sign_in_failures::blocked_until, sign_in_failures::last_failed_at))
        .first(conn)?;
    if let Some(until) = blocked_until.filter(|until| *until > now) {
        return Ok(Verdict::Wait { until });
    }
    let failures = if last_failed_at + FORGET_AFTER <= now { 1 } else { failures + 1 };
    diesel::update(sign_in_failures::table.find(key))
        .set((
            sign_in_failures::failures.eq(failures),
            sign_in_failures::blocked_until.eq(pause(failures).map(|pause| now + pause)),
            sign_in_failures::last_failed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(Verdict::Go { tries_left: (FREE_TRIES - failures).max(0) })
}

/// Forgets the failures, after a sign-in that succeeded.
///
/// # Errors
/// The database's.
pub fn forgive(conn: &mut Conn, key: &[u8]) -> Result<()> {
    diesel::delete(sign_in_failures::table.find(key)).execute(conn)?;
    Ok(())
}

/// Deletes what counts no more.
///
/// # Errors
/// The database's.
pub fn delete_forgotten(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let is_old = sign_in_failures::last_failed_at.le(now - FORGET_AFTER);
    Ok(diesel::delete(sign_in_failures::table.filter(is_old)).execute(conn)?)
}

/// The pause after so many failures in a row: 32 s after the fifth, twice as long after each further one.
fn pause(failures: i64) -> Option<TimeDelta> {
    if failures < FREE_TRIES {
        return None;
    }
    let exponent = u32::try_from(failures).unwrap_or(u32::MAX);
    let pause_s = 2_i64.checked_pow(exponent).unwrap_or(LONGEST_PAUSE_S).min(LONGEST_PAUSE_S);
    Some(TimeDelta::seconds(pause_s))
}

/// Makes the row if it is not there, and takes it, so that two tries are counted one after the other.
fn lock(conn: &mut Conn, key: &[u8], now: Timestamp) -> Result<()> {
    let fresh = (
        sign_in_failures::email_hash.eq(key),
        sign_in_failures::failures.eq(0),
        sign_in_failures::last_failed_at.eq(now),
    );
    match conn {
        // Its writers stand in a queue anyhow.
        Conn::Sqlite(c) => diesel::insert_or_ignore_into(sign_in_failures::table).values(fresh).execute(c)?,
        Conn::Postgres(c) => diesel::insert_into(sign_in_failures::table)
            .values(fresh)
            .on_conflict(sign_in_failures::email_hash)
            .do_update()
            .set(sign_in_failures::failures.eq(sign_in_failures::failures))
            .execute(c)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<_> = [4, 5, 6, 9, 10, 64].map(|n| pause(n).map(|pause| pause.num_seconds())).into();
        assert_eq!(seconds, [None, Some(32), Some(64), Some(512), Some(900), Some(900)]);
    }
}
