//! Patterns of objects: `order*`, `view:*`.

use schema_baseline::ast::ObjectKind;

/// What a dump is about.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    only: Vec<Pattern<'a>>,
    exclude: Vec<Pattern<'a>>,
}

#[derive(Debug)]
struct Pattern<'a> {
    kind: Option<ObjectKind>,
    name: &'a str,
}

impl<'a> Filter<'a> {
    pub(super) fn new(only: &'a [String], exclude: &'a [String]) -> Self {
        let patterns = |texts: &'a [String]| texts.iter().map(|text| Pattern::new(text)).collect();
        Self { only: patterns(only), exclude: patterns(exclude) }
    }

    pub(super) fn wants(&self, kind: ObjectKind, name: &str) -> bool {
        let any = |patterns: &[Pattern<'_>]| patterns.iter().any(|pattern| pattern.matches(kind, name));
        (self.only.is_empty() || any(&self.only)) && !any(&self.exclude)
    }
}

impl<'a> Pattern<'a> {
    fn new(text: &'a str) -> Self {
        let of_kind = text.split_once(':').and_then(|(word, name)| {
            let kind =
                ObjectKind::ALL.into_iter().find(|kind| kind.noun() == word || kind.folder() == word)?;
            Some(Self { kind: Some(kind), name })
        });
        of_kind.unwrap_or(Self { kind: None, name: text })
    }

    fn matches(&self, kind: ObjectKind, name: &str) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind) && glob(self.name, name)
    }
}

/// Whether a name matches a pattern with `*` and `?`; linear in their product at worst.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last star must take one more.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_kinds() {
        let only = ["order*".to_owned(), "view:*".to_owned(), "a?c".to_owned()];
        let exclude = ["*_old".to_owned()];
        let filter = Filter::new(&only, &exclude);
        let wanted = [
            (ObjectKind::Table, "orders"),
            (ObjectKind::View, "x"),
            (ObjectKind::Table, "abc"),
            (ObjectKind::Event, "order"),
        ];
        assert!(wanted.iter().all(|(kind, name)| filter.wants(*kind, name)));
        let unwanted = [
            (ObjectKind::Table, "x"),
            (ObjectKind::Table, "orders_old"),
            (ObjectKind::View, "v_old"),
            (ObjectKind::Table, "abbc"),
            (ObjectKind::Table, "ac"),
        ];
        assert!(unwanted.iter().all(|(kind, name)| !filter.wants(*kind, name)));
        assert!(Filter::new(&[], &[]).wants(ObjectKind::Table, "x"));
        assert!(glob("*a*b", "xxaxxbxb") && !glob("*a*b", "xxaxx") && glob("*", "") && !glob("", "x"));
    }
}
