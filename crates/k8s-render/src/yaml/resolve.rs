//! What a plain scalar means, as go-yaml decides it.
//!
//! Two generations are needed: version 3 reads resources (YAML 1.2 booleans, YAML 1.1 octals), version 2 reads
//! kustomization files and decides at printing time which texts must be quoted (YAML 1.1 booleans).

/// Which go-yaml generation reads a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As resources are read: `yes`, `on` and `y` are texts; a date becomes a point in time.
    Resource,
    /// As kustomization files and patches in JSON form are read: `yes`, `on` and `y` are booleans, keys that are not
    /// texts are spelled out, and the last of two equal keys wins.
    Configuration,
}

/// The meaning of a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    /// A date or time, spelled as RFC 3339.
    Timestamp(String),
    Text,
}

/// Decides the meaning of the plain scalar `text`.
pub(crate) fn resolve(text: &str, dialect: Dialect) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text, dialect),
        b'.' => special_float(text).or_else(|| go_float(text)).map_or(Resolved::Text, Resolved::Float),
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => Resolved::Text,
    }
}

fn word(text: &str, dialect: Dialect) -> Resolved {
    match text {
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        _ if dialect == Dialect::Resource => Resolved::Text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Resolved::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Resolved::Bool(false),
        _ => Resolved::Text,
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn number(text: &str) -> Resolved {
    if let Some(float) = special_float(text) {
        return Resolved::Float(float);
    }
    if let Some(time) = timestamp(text) {
        return Resolved::Timestamp(time);
    }
    let plain = if text.contains('_') { text.replace('_', "") } else { text.to_owned() };
    if let Some(integer) = integer(&plain) {
        return Resolved::Integer(integer);
    }
    if looks_like_float(&plain) {
        go_float(&plain).map_or(Resolved::Text, Resolved::Float)
    } else {
        Resolved::Text
    }
}

/// An integer that fits 64 bits, signed or unsigned, in Go's literal syntax.
fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (Some(-1), &text[1..]),
        b'+' => (Some(1), &text[1..]),
        _ => (None, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let largest = if sign.is_none() { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
    let value = value * sign.unwrap_or(1);
    (i128::from(i64::MIN)..=largest).contains(&value).then_some(value)
}

fn looks_like_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_fits && exponent_fits
}

fn go_float(text: &str) -> Option<f64> {
    looks_like_float(text).then(|| text.parse::<f64>().ok()).flatten().filter(|value| value.is_finite())
}

/// Whether the text is a base 60 number of YAML 1.1, which go-yaml quotes although it does not read it.
pub(crate) fn is_base60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (text, fraction) = match text.split_once('.') {
        Some((text, fraction)) => (text, fraction),
        None => (text, ""),
    };
    let mut parts = text.split(':');
    let Some(first) = parts.next() else { return false };
    let mut rest = parts.peekable();
    let number = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    rest.peek().is_some()
        && first.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && first.bytes().all(number)
        && fraction.bytes().all(number)
        && rest.all(|part| match part.as_bytes() {
            [unit] => unit.is_ascii_digit(),
            [ten, unit] => (b'0'..=b'5').contains(ten) && unit.is_ascii_digit(),
            _ => false,
        })
}

/// The text kustomize prints for a finite number, after its way through JSON; `None` for what JSON cannot hold.
pub(crate) fn float_text(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    if value.fract().abs() < f64::MIN_POSITIVE && value.abs() < 1e21 {
        // The shortest digits that tell the number from others, as JSON has them, and zeros.
        let whole = value.to_string();
        if let Some(integer) = whole.parse::<i128>().ok().filter(|&integer| fits_64_bits(integer)) {
            return Some(integer.to_string());
        }
    }
    Some(shortest(value))
}

fn fits_64_bits(integer: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&integer)
}

/// Go's shortest general format: an exponent below -4 or from 6 digits up is written out.
pub(super) fn shortest(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(-4..6) => value.to_string(),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        Err(_) => scientific,
    }
}

/// Reads the four date formats go-yaml knows and spells the result as RFC 3339.
fn timestamp(text: &str) -> Option<String> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let rest = text.get(4..)?.strip_prefix('-')?;
    let (month, rest) = short_number(rest)?;
    let (day, rest) = short_number(rest.strip_prefix('-')?)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year.parse().ok()?, month) {
        return None;
    }
    let date = format!("{year}-{month:02}-{day:02}T");
    if rest.is_empty() {
        return Some(date + "00:00:00Z");
    }
    let with_zone = rest.starts_with(['T', 't']);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = short_number(rest)?;
    let (minute, rest) = short_number(rest.strip_prefix(':')?)?;
    let (second, rest) = short_number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            (&rest[..end.min(9)], &rest[end..])
        }
        None => ("", rest),
    };
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    let zone = match (with_zone, rest) {
        (false, "") | (true, "Z") => "Z".to_owned(),
        (true, offset) => zone(offset)?,
        (false, _) => return None,
    };
    Some(format!("{date}{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}"))
}

fn zone(offset: &str) -> Option<String> {
    let digits = offset.strip_prefix(['+', '-'])?;
    let (hours, minutes) = digits.split_once(':')?;
    let two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two(hours) || !two(minutes) || hours.parse::<u32>().ok()? > 24 || minutes.parse::<u32>().ok()? > 60 {
        return None;
    }
    Some(if digits == "00:00" { "Z".to_owned() } else { offset.to_owned() })
}

fn short_number(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take(2).position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len().min(2));
    Some((text.get(..end)?.parse().ok()?, &text[end..]))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        match resolve(text, Dialect::Resource) {
            Resolved::Integer(value) => value.to_string(),
            Resolved::Float(value) => float_text(value).unwrap(),
            Resolved::Timestamp(text) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn numbers_print_as_after_json() {
        for (text, expected) in [
            ("1.0", "1"),
            ("1e3", "1000"),
            ("1e21", "1e+21"),
            ("1e20", "1e+20"),
            ("1.5e300", "1.5e+300"),
            ("1234567890123456789.0", "1234567890123456800"),
            ("1e-7", "1e-07"),
            ("0x1F", "31"),
            ("0o14", "12"),
            ("014", "12"),
            ("08", "8"),
            ("1_000", "1000"),
            ("0b101", "5"),
            ("-0.0", "0"),
            ("18446744073709551615", "18446744073709551615"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"),
            ("1234567.5", "1.2345675e+06"),
            ("0.1", "0.1"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1e400", "Text"),
            (".5", "0.5"),
            ("1.2.3", "Text"),
            ("0x", "Text"),
            ("+12", "12"),
        ] {
            assert_eq!(printed(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_are_points_in_time_and_words_depend_on_the_dialect() {
        assert_eq!(printed("2001-01-01"), "2001-01-01T00:00:00Z");
        assert_eq!(printed("2001-1-2T3:04:05.120+02:00"), "2001-01-02T03:04:05.12+02:00");
        assert_eq!(printed("2001-02-30"), "Text");
        assert_eq!(resolve("yes", Dialect::Resource), Resolved::Text);
        assert_eq!(resolve("yes", Dialect::Configuration), Resolved::Bool(true));
        assert_eq!(resolve("", Dialect::Resource), Resolved::Null);
    }

    #[test]
    fn base60_is_recognised() {
        assert!(is_base60("12:30:45"));
        assert!(is_base60("1:5.5"));
        assert!(!is_base60("12"));
        assert!(!is_base60("a:30"));
        assert!(!is_base60("12:345"));
    }
}
