//! Strings and numbers as servers print them.

/// A string in single quotes, with the escapes that servers write.
pub(crate) fn string(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('\'');
    for character in value.chars() {
        match character {
            '\'' => text.push_str("''"),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\0' => text.push_str("\\0"),
            other => text.push(other),
        }
    }
    text.push('\'');
    text
}

/// A member of `ENUM` or `SET`.
pub(super) fn member(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A number at a scale: what a `DECIMAL` keeps of it.
pub(super) fn at_scale(number: &str, scale: usize) -> Option<String> {
    let (sign, digits) = match number.trim().strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number.trim().trim_start_matches('+')),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i8>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = moved(whole, fraction, exponent);
    let (whole, fraction) = (whole.as_str(), fraction.as_str());
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut kept: Vec<u8> = format!("0{whole}{fraction:0<scale$}").into_bytes();
    let excess = fraction.len().saturating_sub(scale);
    let rounds_up = excess > 0 && kept[kept.len() - excess] >= b'5';
    kept.truncate(kept.len() - excess);
    if rounds_up {
        for digit in kept.iter_mut().rev() {
            *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
            if *digit != b'0' {
                break;
            }
        }
    }
    let text = String::from_utf8(kept).ok()?;
    let (whole, fraction) = text.split_at(text.len() - scale);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale > 0 { "." } else { "" };
    let is_zero = text.bytes().all(|byte| byte == b'0');
    Some(format!("{}{whole}{point}{fraction}", if is_zero { "" } else { sign }))
}

/// The digits before and behind the point, the point moved by so many places.
fn moved(whole: &str, fraction: &str, places: i8) -> (String, String) {
    let count = usize::from(places.unsigned_abs());
    let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
    if places > 0 {
        fraction += &"0".repeat(count.saturating_sub(fraction.len()));
        let behind = fraction.split_off(count.min(fraction.len()));
        whole += &std::mem::replace(&mut fraction, behind);
    } else if places < 0 {
        whole = "0".repeat(count.saturating_sub(whole.len())) + &whole;
        let behind = whole.split_off(whole.len() - count);
        fraction = behind + &fraction;
    }
    (whole, fraction)
}

/// A floating-point number: no zeros that say nothing.
pub(super) fn float(number: &str) -> Option<String> {
    let value: f64 = number.trim().parse().ok()?;
    Some(format!("{value}"))
}

/// A point in time with the parts and digits that its type keeps.
pub(super) fn time(kind: &str, digits: usize, value: &str) -> String {
    let mut text = value.trim().replace('T', " ");
    if kind == "date" {
        text.truncate(text.find(' ').unwrap_or(text.len()));
        return text;
    }
    if kind != "time" && !text.contains(' ') && text.contains('-') {
        text.push_str(" 00:00:00");
    }
    let (mut whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole.to_owned(), fraction.to_owned()),
        None => (text, String::new()),
    };
    // Hours and minutes.
    if whole.matches(':').count() == 1 {
        whole.push_str(":00");
    }
    if digits == 0 {
        return whole;
    }
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(digits).collect();
    format!("{whole}.{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brought_to_their_scale() {
        assert_eq!(at_scale("1.5", 2).as_deref(), Some("1.50"));
        assert_eq!(at_scale("-0.005", 2).as_deref(), Some("-0.01"));
        assert_eq!(at_scale("9.999", 2).as_deref(), Some("10.00"));
        assert_eq!(at_scale("007", 0).as_deref(), Some("7"));
        assert_eq!(at_scale("-0", 1).as_deref(), Some("0.0"));
        for (written, scale, shown) in [
            ("1e1", 2, "10.00"),
            ("1.25e1", 1, "12.5"),
            ("125E-1", 0, "13"),
            ("-5e-3", 2, "-0.01"),
            ("5e0", 0, "5"),
            ("1e3", 1, "1000.0"),
        ] {
            assert_eq!(at_scale(written, scale).as_deref(), Some(shown), "{written}");
        }
        assert_eq!(at_scale("1e", 1), None);
        assert_eq!(at_scale("1e999", 1), None);
        assert_eq!(float("1.50").as_deref(), Some("1.5"));
    }

    #[test]
    fn times_have_the_digits_of_their_type() {
        assert_eq!(time("datetime", 0, "2000-01-01"), "2000-01-01 00:00:00");
        assert_eq!(time("datetime", 3, "2000-01-01 10:00:00.5"), "2000-01-01 10:00:00.500");
        assert_eq!(time("time", 0, "12:00"), "12:00:00");
        assert_eq!(time("datetime", 2, "2000-01-01 10:30"), "2000-01-01 10:30:00.00");
        assert_eq!(time("date", 0, "2000-01-01 10:00:00"), "2000-01-01");
        assert_eq!(string("it's\n"), "'it''s\\n'");
    }
}
