//! Texts with a form: names, quantities, times.

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 characters (RFC 1123 label).
pub(crate) fn is_dns_label(text: &str) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    text.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// Labels joined by dots, at most 253 characters (RFC 1123 subdomain). A part may be longer than a label, as Kubernetes has it.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let part = |part: &str| {
        let bytes = part.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

/// A label that begins with a letter (RFC 1035).
pub(crate) fn is_service_label(text: &str) -> bool {
    is_dns_label(text) && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// At most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
pub(crate) fn is_qualified(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The key of a label or annotation: `[prefix/]name`.
pub(crate) fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_qualified(name),
        None => is_qualified(text),
    }
}

/// The key of an annotation, whose case does not count.
pub(crate) fn is_annotation_key(text: &str) -> bool {
    is_label_key(&text.to_ascii_lowercase())
}

/// The value of a label, which may be empty.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_qualified(text)
}

/// The name of a port (`IANA_SVC_NAME`).
pub(crate) fn is_port_name(text: &str) -> bool {
    is_dns_label(text)
        && text.len() <= 15
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A key of a ConfigMap or Secret.
pub(crate) fn is_config_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(allowed)
        && text != "."
        && !text.starts_with("..")
}

/// The name of an environment variable: since 1.32 printable ASCII without `=`.
pub(crate) fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
}

/// Standard base64 with padding; line ends do not count.
pub(super) fn is_base64(text: &str) -> bool {
    let (mut digits, mut padding) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'\r' | b'\n' => {}
            b'=' => padding += 1,
            _ if padding == 0 && (byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/') => {
                digits += 1;
            }
            _ => return false,
        }
    }
    matches!((digits % 4, padding), (0, 0) | (2, 2) | (3, 1))
}

/// RFC 3339.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(wanted, byte): (&u8, &u8)| match wanted {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't'),
        other => byte == other,
    };
    if bytes.len() < shape.len() + 1 || !shape.iter().zip(bytes).all(fits) {
        return false;
    }
    let number = |at: usize| text.get(at..at + 2).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(99);
    if !(1..=12).contains(&number(5))
        || !(1..=31).contains(&number(8))
        || number(11) > 23
        || number(14) > 59
        || number(17) > 59
    {
        return false;
    }
    let rest = &text[shape.len()..];
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let offset = |zone: &str| {
        let bytes = zone.as_bytes();
        bytes.len() == 6
            && matches!(bytes[0], b'+' | b'-')
            && bytes[3] == b':'
            && [1, 2, 4, 5].iter().all(|at| bytes[*at].is_ascii_digit())
    };
    matches!(zone, "Z" | "z") || offset(zone)
}

/// A quantity as a number: sign, digits with an optional point, and a unit or an exponent.
pub(crate) fn quantity(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (digits, unit) = unsigned.split_at(end);
    let points = digits.bytes().filter(|byte| *byte == b'.').count();
    if points > 1 || digits.len() == points {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024_f64.powi(2),
        "Gi" => 1024_f64.powi(3),
        "Ti" => 1024_f64.powi(4),
        "Pi" => 1024_f64.powi(5),
        "Ei" => 1024_f64.powi(6),
        _ => {
            let exponent = unit.strip_prefix(['e', 'E'])?;
            10_f64.powi(exponent.parse().ok()?)
        }
    };
    Some(if text.starts_with('-') { -number * factor } else { number * factor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dns() {
        assert!(["a", "a-b", "0a", "x".repeat(63).as_str()].into_iter().all(is_dns_label));
        assert!(!["", "-a", "a-", "A", "a.b", "a_b", "x".repeat(64).as_str()].into_iter().any(is_dns_label));
        assert!(
            ["a.b-c.0"].into_iter().all(is_dns_subdomain)
                && !["a..b", ".a", "a_"].into_iter().any(is_dns_subdomain)
        );
        assert!(is_service_label("a0") && !is_service_label("0a"));
    }

    #[test]
    fn labels_and_keys() {
        assert!(["a", "a.b/C_d", "A-1"].into_iter().all(is_label_key));
        assert!(!["", "/a", "a/", "a/b/c", "A.b/c", "a b", "_a"].into_iter().any(is_label_key));
        assert!(is_annotation_key("A.b/c"));
        assert!(
            is_label_value("") && is_label_value("v1.2_x") && !is_label_value("a/b") && !is_label_value("-a")
        );
        assert!(
            is_config_key("a_B.c-1") && is_config_key(".a") && !is_config_key("a/b") && !is_config_key("..a")
        );
        assert!(is_variable("A.b-c 1") && !is_variable("A=B") && !is_variable(""));
    }

    #[test]
    fn names_of_ports() {
        assert!(["http", "a-1", "x".repeat(15).as_str()].into_iter().all(is_port_name));
        assert!(!["", "80", "a--b", "Http", "-a", "x".repeat(16).as_str()].into_iter().any(is_port_name));
    }

    #[test]
    fn quantities() {
        let near = |text: &str, wanted: f64| {
            let found = quantity(text).unwrap_or(f64::NAN);
            assert!((found - wanted).abs() <= wanted.abs() * 1e-9, "{text}: {found}");
        };
        near("500m", 0.5);
        near("1.5Gi", 1.5 * 1024.0 * 1024.0 * 1024.0);
        near("1e3", 1000.0);
        near("-2k", -2000.0);
        near(".5", 0.5);
        near("1E", 1e18);
        near("1E2", 100.0);
        for text in ["", ".", "1.2.3", "1gb", "1 Gi", "1mi", "Mi", "1e", "0x10", "--1"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn times_and_bytes() {
        for text in ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123+01:00"] {
            assert!(is_time(text), "{text}");
        }
        for text in
            ["2026-01-31", "2026-13-31T12:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00.Z", "x"]
        {
            assert!(!is_time(text), "{text}");
        }
        assert!(is_base64("") && is_base64("YQ==") && is_base64("YWI=\n") && is_base64("YWJj"));
        assert!(!is_base64("YQ") && !is_base64("YQ=a") && !is_base64("a b=") && !is_base64("Y==="));
    }
}
