//! Calendar days.

use std::{fmt, str::FromStr};

/// A day of the Gregorian calendar. The crate has no clock: "today" comes from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day written as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the calendar")]
pub struct NotADate;

impl Date {
    /// The day, when there is such a one.
    ///
    /// # Errors
    /// [`NotADate`] for a month or day that the calendar does not have.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, NotADate> {
        let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return Err(NotADate),
        };
        if day == 0 || day > days { Err(NotADate) } else { Ok(Self { year, month, day }) }
    }

    /// Days from `self` to `later`, negative when that lies before.
    pub fn days_until(self, later: Self) -> i64 {
        later.ordinal() - self.ordinal()
    }

    /// Days since 0000-03-01, by counting years from March so that the leap day comes last
    /// (Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
    fn ordinal(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
            part.and_then(|part| part.parse::<u16>().ok()).ok_or(NotADate)
        };
        if text.len() != 10 || text.as_bytes()[4] != b'-' || text.as_bytes()[7] != b'-' {
            return Err(NotADate);
        }
        let small = |number: u16| u8::try_from(number).map_err(|_| NotADate);
        Self::new(digits(0..4)?, small(digits(5..7)?)?, small(digits(8..10)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn counts_days_over_months_and_leap_years() {
        assert_eq!(date("2026-11-23").days_until(date("2027-02-21")), 90);
        assert_eq!(date("2028-02-28").days_until(date("2028-03-01")), 2);
        assert_eq!(date("2027-03-01").days_until(date("2027-02-28")), -1);
        assert_eq!(date("1970-01-01").days_until(date("2026-11-23")), 20_780);
    }

    #[test]
    fn refuses_what_is_no_day() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-1-01",
            "26-01-01",
            "2026/01/01",
            "2026-01-00",
            "tomorrow",
            "é026-01-1",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
        assert_eq!(date("2028-02-29").to_string(), "2028-02-29");
    }
}
