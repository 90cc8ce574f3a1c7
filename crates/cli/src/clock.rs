//! The one reader of the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use platform_compat::Date;

/// Today's date in UTC.
pub(crate) fn today() -> Date {
    date(seconds() / 86_400)
}

/// Now in UTC, as `2026-11-23 21:30:00`.
pub(crate) fn timestamp() -> String {
    let now = seconds();
    let (hour, minute, second) = (now / 3600 % 24, now / 60 % 60, now % 60);
    format!("{} {hour:02}:{minute:02}:{second:02}", date(now / 86_400))
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// The date of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
#[expect(
    clippy::expect_used,
    reason = "the algorithm gives only days that exist, and years below 65536 for any plausible clock"
)]
fn date(days: u64) -> Date {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (year, month, day) = (u16::try_from(year).ok(), u8::try_from(month).ok(), u8::try_from(day).ok());
    year.zip(month)
        .zip(day)
        .and_then(|((year, month), day)| Date::new(year, month, day).ok())
        .expect("a day of the calendar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, text) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_780, "2026-11-23")]
        {
            assert_eq!(date(days).to_string(), text);
        }
    }
}
