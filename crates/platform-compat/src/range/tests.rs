use proptest::prelude::*;

use super::*;
use crate::version::Suffix;

fn version(text: &str, scheme: Scheme) -> Version {
    Version::parse(text, scheme, Suffix::Compare).unwrap()
}

#[track_caller]
fn check(scheme: Scheme, range: &str, inside: &[&str], outside: &[&str]) {
    let range = Range::parse(range, scheme).unwrap();
    for text in inside {
        assert!(range.contains(&version(text, scheme)), "{text} must be in {range}");
    }
    for text in outside {
        assert!(!range.contains(&version(text, scheme)), "{text} must not be in {range}");
    }
}

#[test]
fn semver_ranges() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("8.4", &["8.4", "8.4.0", "8.4.99"], &["8.3.9", "8.5", "8.4.0-rc", "8.5.0-rc"]),
        ("8.4.x", &["8.4.6"], &["8.5.0"]),
        ("8", &["8.0", "8.9.9"], &["9", "7.9"]),
        ("8.x.x", &["8.0", "8.9.9"], &["9"]),
        ("8.4.6", &["8.4.6", "v8.4.6", "8.4.6+deb"], &["8.4.5", "8.4.7"]),
        ("*", &["0", "99.1"], &["1.0.0-rc"]),
        ("^1.2.3", &["1.2.3", "1.9.9"], &["1.2.2", "2.0.0"]),
        ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0"]),
        ("^0.0.3", &["0.0.3"], &["0.0.4", "0.0.2"]),
        ("^0.0", &["0.0.7"], &["0.1.0"]),
        ("^2", &["2.0.4", "2.9"], &["3", "1.9"]),
        ("~1.2", &["1.2.0", "1.2.9"], &["1.3.0", "1.1.9"]),
        ("~1.2.3", &["1.2.3", "1.2.9"], &["1.2.2", "1.3.0"]),
        ("~1", &["1.0", "1.9"], &["2.0"]),
        (">1.2", &["1.3.0", "2"], &["1.2.0", "1.2.9"]),
        (">1.2.0", &["1.2.1"], &["1.2.0"]),
        ("<=1.2", &["1.2.9", "1.2.0", "0.1"], &["1.3.0"]),
        ("<1.2", &["1.1.9"], &["1.2.0"]),
        (">=8.0.35 <9", &["8.0.35", "8.99"], &["8.0.34", "9.0.0"]),
        (">= 8.0.35, < 9", &["8.0.35"], &["9"]),
        ("1.2.3 - 2.3", &["1.2.3", "2.3.9"], &["1.2.2", "2.4.0"]),
        ("8.4.x || 9.7.x", &["8.4.6", "9.7.1"], &["9.0.0", "8.5.0"]),
        ("!=1.2.3", &["1.2.2", "1.2.4"], &["1.2.3"]),
        (">=1 !=1.2", &["1.1.9", "1.3"], &["1.2.0", "1.2.7"]),
        ("=1.2.3", &["1.2.3"], &["1.2.4"]),
    ];
    for (range, inside, outside) in table {
        check(Scheme::Semver, range, inside, outside);
    }
}

#[test]
fn pre_releases_must_be_asked_for() {
    check(Scheme::Semver, ">=1.0.0", &["1.0.0"], &["1.1.0-rc.1"]);
    check(Scheme::Semver, ">=1.1.0-rc.1", &["1.1.0-rc.2", "1.1.0"], &["1.1.0-beta", "1.2.0-rc.1"]);
    check(Scheme::Semver, ">=1.0.0 +pre", &["1.1.0-rc.1"], &["1.0.0-rc.1"]);
    check(Scheme::Semver, "^1.2.3 +pre", &["1.3.0-rc.1"], &["2.0.0-rc.1"]);
}

#[test]
fn a_vendors_build_is_in_a_plain_range() {
    let range = Range::parse(">=1.29", Scheme::Semver).unwrap();
    assert!(range.contains(&Version::parse("v1.34.3-eks-ac2d5a0", Scheme::Semver, Suffix::Ignore).unwrap()));
}

#[test]
fn other_schemes() {
    check(Scheme::Flyway, ">=042", &["42", "043", "42.1"], &["41"]);
    check(Scheme::Flyway, "042", &["42", "42.0"], &["42.1", "43"]);
    check(Scheme::Flyway, ">=038 <045", &["38", "44"], &["45", "37"]);
    check(Scheme::Flyway, ">1_2", &["1.2.1", "1.3"], &["1.2"]);
    check(Scheme::Calver, "2026.04", &["2026.4", "2026.04.1"], &["2026.05"]);
    check(Scheme::Calver, "<=2026.04", &["2026.4"], &["2026.04.1"]);
    check(Scheme::Opaque, "blue || green", &["blue", "green"], &["red"]);
    check(Scheme::Opaque, "!=blue", &["green"], &["blue"]);
}

#[track_caller]
fn check_error(scheme: Scheme, text: &str, problem: RangeProblem, blamed: &str) {
    let error = Range::parse(text, scheme).unwrap_err();
    assert_eq!((error.problem, &text[error.start..error.start + error.length]), (problem, blamed), "{text}");
}

#[test]
fn errors_point_at_the_bytes_to_blame() {
    check_error(Scheme::Semver, ">2 <1", RangeProblem::Empty, ">2 <1");
    check_error(Scheme::Semver, "1 || >2 <1", RangeProblem::Empty, ">2 <1");
    check_error(Scheme::Semver, "1.2.3 - 1.0.0", RangeProblem::Empty, "1.2.3 - 1.0.0");
    check_error(Scheme::Semver, "", RangeProblem::Missing, "");
    check_error(Scheme::Semver, "1 || ", RangeProblem::Missing, "");
    check_error(Scheme::Semver, ">= ", RangeProblem::Missing, "");
    check_error(Scheme::Semver, "=>1", RangeProblem::Operator, "=>");
    check_error(Scheme::Semver, ">=1 | <3", RangeProblem::Operator, "|");
    check_error(Scheme::Semver, ">=latest", RangeProblem::Version, "latest");
    check_error(Scheme::Semver, "1.x.3", RangeProblem::Version, "1.x.3");
    check_error(Scheme::Semver, ">*", RangeProblem::Meaningless, ">");
    check_error(Scheme::Flyway, "^042", RangeProblem::Meaningless, "^");
    check_error(Scheme::Flyway, "1.x", RangeProblem::Meaningless, "1.x");
    check_error(Scheme::Opaque, ">blue", RangeProblem::Meaningless, ">");
}

#[test]
fn knows_what_lies_above_it() {
    let range = Range::parse(">=038 <045 || 050", Scheme::Flyway).unwrap();
    let level = |text| version(text, Scheme::Flyway);
    assert!(range.is_below(&level("051")));
    assert!(!range.is_below(&level("046")));
    assert!(!Range::parse(">=038", Scheme::Flyway).unwrap().is_below(&level("999")));
}

fn simple() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["", "=", "!=", ">", ">=", "<", "<=", "^", "~"]);
    (operator, prop::collection::vec(0u64..4, 1..4)).prop_map(|(operator, numbers)| {
        let text: Vec<String> = numbers.iter().map(u64::to_string).collect();
        format!("{operator}{}", text.join("."))
    })
}

proptest! {
    #[test]
    fn never_panics(text in "[0-9.x*<>=!^~|, v+preα-]{0,16}") {
        for scheme in [Scheme::Semver, Scheme::Calver, Scheme::Flyway, Scheme::Opaque] {
            if let Err(error) = Range::parse(&text, scheme) {
                prop_assert!(text.get(error.start..error.start + error.length).is_some(), "{:?}", error);
            }
        }
    }

    /// A space is "and", `||` is "or"; a range that is refused as empty has no version.
    #[test]
    fn combinations_are_those_of_sets(left in simple(), right in simple(), numbers in prop::collection::vec(0u64..5, 3)) {
        let candidate = version(&format!("{}.{}.{}", numbers[0], numbers[1], numbers[2]), Scheme::Semver);
        let holds = |text: &str| Range::parse(text, Scheme::Semver).is_ok_and(|range| range.contains(&candidate));
        let (l, r) = (holds(&left), holds(&right));
        prop_assert_eq!(holds(&format!("{left} {right}")), l && r);
        if [&left, &right].iter().all(|text| Range::parse(text, Scheme::Semver).is_ok()) {
            prop_assert_eq!(holds(&format!("{left} || {right}")), l || r);
        }
    }

    #[test]
    fn not_equal_is_the_complement(numbers in prop::collection::vec(0u64..3, 1..4), candidate in prop::collection::vec(0u64..4, 3)) {
        let text: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let candidate = version(&format!("{}.{}.{}", candidate[0], candidate[1], candidate[2]), Scheme::Semver);
        let holds = |operator: &str| {
            Range::parse(&format!("{operator}{}", text.join(".")), Scheme::Semver).unwrap().contains(&candidate)
        };
        prop_assert_ne!(holds("="), holds("!="));
    }
}

proptest! {
    #[test]
    fn runs_are_what_a_range_contains(
        text in "(\\^|~|>=|<=|>|<|!=|=|)[0-3](\\.[0-3]){0,2}(-rc\\.1)?( (<|>=)[0-4]\\.[0-3])?( \\|\\| [0-3]\\.x)?( \\+pre)?",
        versions in prop::collection::vec("[0-4]\\.[0-4]\\.[0-2](-rc\\.[12])?", 0..30),
    ) {
        let Ok(range) = Range::parse(&text, Scheme::Semver) else { return Ok(()) };
        let mut versions: Vec<Version> =
            versions.iter().map(|text| Version::parse(text, Scheme::Semver, Suffix::Compare).unwrap()).collect();
        versions.sort_by(|left, right| left.key().cmp(right.key()));
        let runs = range.runs(&versions, Version::key);
        for (at, version) in versions.iter().enumerate() {
            let inside = runs.iter().any(|run| run.contains(&at)) && range.admits(version);
            prop_assert_eq!(inside, range.contains(version), "{} in {}", version, text);
        }
    }
}
