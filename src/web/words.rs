//! Times, spans and numbers in words, as the pages print them. Arguments are references because templates pass
//! those.

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::clock::Timestamp;

/// A moment, standing alone: "4 min ago", "Today, 09:42", "Yesterday, 16:20", "18 Nov", "12 Mar 2025". UTC.
#[must_use]
pub fn moment(at: &Timestamp, now: &Timestamp) -> String {
    capital(&ago(at, now))
}

/// The words at the beginning of a sentence.
#[must_use]
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The same in the middle of a sentence: "just now", "yesterday, 16:20". UTC.
#[must_use]
pub fn ago(at: &Timestamp, now: &Timestamp) -> String {
    let age = *now - *at;
    if age < TimeDelta::minutes(1) {
        return "just now".to_owned();
    }
    if age < TimeDelta::hours(1) {
        return format!("{} min ago", age.num_minutes());
    }
    match (now.date() - at.date()).num_days() {
        0 => format!("today, {}", at.format("%H:%M")),
        1 => format!("yesterday, {}", at.format("%H:%M")),
        _ => day(at, now),
    }
}

/// A day: "18 Nov", with its year unless that is the present one: "12 Mar 2025". UTC.
#[must_use]
pub fn day(at: &Timestamp, now: &Timestamp) -> String {
    let format = if at.year() == now.year() { "%-d %b" } else { "%-d %b %Y" };
    at.format(format).to_string()
}

/// A date that may lie years away: "11 Dec 2026".
#[must_use]
pub fn date(day: &NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// A day as a heading: "Today, 21 November", "Yesterday, 20 November", "19 November", "12 March 2025".
#[must_use]
pub fn heading(day: &NaiveDate, today: &NaiveDate) -> String {
    let format = if day.year() == today.year() { "%-d %B" } else { "%-d %B %Y" };
    let name = day.format(format);
    match (*today - *day).num_days() {
        0 => format!("Today, {name}"),
        1 => format!("Yesterday, {name}"),
        _ => name.to_string(),
    }
}

/// A number of tokens: "128,000"; "Not known" where nobody says.
#[must_use]
pub fn tokens(n: &Option<i64>) -> String {
    n.and_then(|n| usize::try_from(n).ok()).map_or_else(|| "Not known".to_owned(), grouped)
}

/// A moment in full: "21 Nov 2025, 13:42:07 UTC".
#[must_use]
pub fn full(at: &Timestamp) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// A moment for machines: the `datetime` of a `<time>`.
#[must_use]
pub fn iso(at: &Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long something took, from milliseconds: "92 ms", "1.2 s".
#[must_use]
pub fn took(took_ms: &u32) -> String {
    if *took_ms < 1000 {
        return format!("{took_ms} ms");
    }
    let tenths = took_ms.saturating_add(50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A number and its noun: "1 model", "12 models".
#[must_use]
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// A number in groups of three: "4,812".
#[must_use]
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn moments_are_told_as_a_person_would() {
        let now = at("2025-11-21 13:42:07");
        for (then, words) in [
            ("2025-11-21 13:42:30", "Just now"),
            ("2025-11-21 13:41:08", "Just now"),
            ("2025-11-21 13:41:07", "1 min ago"),
            ("2025-11-21 12:42:08", "59 min ago"),
            ("2025-11-21 12:42:07", "Today, 12:42"),
            ("2025-11-21 00:00:00", "Today, 00:00"),
            ("2025-11-20 23:59:59", "Yesterday, 23:59"),
            ("2025-11-19 23:59:59", "19 Nov"),
            ("2025-01-01 00:00:00", "1 Jan"),
            ("2024-12-31 23:59:59", "31 Dec 2024"),
        ] {
            assert_eq!(moment(&at(then), &now), words, "{then}");
        }
    }

    #[test]
    fn days_stand_as_headings_and_dates_have_their_year() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2025-01-01");
        assert_eq!(heading(&today, &today), "Today, 1 January");
        assert_eq!(heading(&day("2024-12-31"), &today), "Yesterday, 31 December 2024");
        assert_eq!(heading(&day("2024-12-30"), &today), "30 December 2024");
        assert_eq!(heading(&day("2025-01-02"), &today), "2 January");
        assert_eq!(date(&today), "1 Jan 2025");
    }

    #[test]
    fn an_unknown_number_of_tokens_is_not_nothing() {
        assert_eq!(tokens(&Some(1_047_576)), "1,047,576");
        assert_eq!(tokens(&None), "Not known");
    }

    #[test]
    fn half_an_hour_ago_is_told_in_minutes_across_midnight_too() {
        assert_eq!(ago(&at("2025-11-20 23:45:00"), &at("2025-11-21 00:15:00")), "30 min ago");
    }

    #[test]
    fn machines_and_the_audit_log_get_the_whole_moment() {
        assert_eq!(iso(&at("2025-11-01 09:05:07")), "2025-11-01T09:05:07Z");
        assert_eq!(full(&at("2025-11-01 09:05:07")), "1 Nov 2025, 09:05:07 UTC");
    }

    #[test]
    fn spans_turn_into_seconds_at_a_thousand_milliseconds() {
        for (took_ms, words) in
            [(0, "0 ms"), (92, "92 ms"), (999, "999 ms"), (1000, "1.0 s"), (1249, "1.2 s"), (1250, "1.3 s")]
        {
            assert_eq!(took(&took_ms), words);
        }
    }

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(counted(0, "model", "models"), "0 models");
        assert_eq!(counted(1, "model", "models"), "1 model");
        assert_eq!(counted(4812, "reply", "replies"), "4,812 replies");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(grouped(999), "999");
    }
}
