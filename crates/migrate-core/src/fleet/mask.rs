//! Passwords taken out of a list before any of it is shown.

/// The text with every byte of a password in a URL replaced by `*`, so that places stay what they are.
pub fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(masked_line).collect()
}

fn masked_line(line: &str) -> String {
    let mut bytes = line.as_bytes().to_vec();
    // A URL that is written wrong must not show its password either, so the account is taken to be as long as it can be.
    let account = line.find("//").map_or(0, |slashes| slashes + 2);
    if let Some(at) = line.rfind('@')
        && let Some(colon) = line.get(account..at).and_then(|account| account.find(':'))
    {
        bytes[account + colon + 1..at].fill(b'*');
    }
    let lower = line.to_ascii_lowercase();
    for (found, key) in lower.match_indices("password=") {
        let start = found + key.len();
        let end = line[start..].find(|c: char| c == '&' || c.is_whitespace());
        let end = end.map_or(line.trim_end().len().max(start), |length| start + length);
        bytes[start..end].fill(b'*');
    }
    // What was replaced began and ended at characters, so nothing is lost here.
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn passwords_are_masked_and_nothing_moves() {
        for (line, shown) in [
            ("mysql://u:secret@h:3306/d\n", "mysql://u:******@h:3306/d\n"),
            ("a mysql://u:p@ss:w@h/d", "a mysql://u:******@h/d"),
            ("a mysql://u:two words@h/d", "a mysql://u:*********@h/d"),
            (
                "mysql://h/d?user=u&password=secret&tls=off\r\n",
                "mysql://h/d?user=u&password=******&tls=off\r\n",
            ),
            ("mysql://h/d?Password=secret # old", "mysql://h/d?Password=****** # old"),
            ("mysql//u:secret@h/d", "mysql//u:******@h/d"),
            ("u:secret@h", "u:******@h"),
            ("mysql://h:3306/d\n", "mysql://h:3306/d\n"),
            ("mysql://u@h:3306/d", "mysql://u@h:3306/d"),
            ("shop_001", "shop_001"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }

    proptest! {
        #[test]
        fn places_stay(text in "([a-z:/@?&é=# \n]|password=|//){0,40}") {
            let masked = masked(&text);
            prop_assert_eq!(masked.len(), text.len());
            prop_assert_eq!(masked.matches('\n').count(), text.matches('\n').count());
        }
    }
}
