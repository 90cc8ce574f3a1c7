//! Keeps the `files:` list of the kustomization beside the migrations, from which the ConfigMap is generated.

/// `kustomization` with `file` in its list of migrations, at its place in the list's order; `None` when the text holds no such
/// list or already names the file. Only a line is added: comments and layout stay.
pub(crate) fn with_file(kustomization: &str, file: &str) -> Option<String> {
    let entries: Vec<(usize, &str, &str)> = kustomization
        .split_inclusive('\n')
        .scan(0, |offset, line| {
            let start = *offset;
            *offset += line.len();
            Some((start, line))
        })
        .filter_map(|(start, line)| {
            let entry = line.trim_start();
            let name = entry.strip_prefix("- ")?.split('#').next()?.trim();
            is_script(name).then(|| (start, &line[..line.len() - entry.len()], name))
        })
        .collect();
    if entries.iter().any(|(_, _, name)| *name == file) {
        return None;
    }
    let (last, indent, _) = *entries.last()?;
    let end_of_list =
        last + kustomization[last..].find('\n').map_or(kustomization.len() - last, |newline| newline + 1);
    let place = entries.iter().find(|(_, _, name)| *name > file).map_or(end_of_list, |(start, ..)| *start);
    let (before, after) = kustomization.split_at(place);
    let newline = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    Some(format!("{before}{newline}{indent}- {file}\n{after}"))
}

/// Whether a name ends as migrations do, in either case.
pub(crate) fn is_script(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("sql"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "configMapGenerator:\n  - name: m\n    files:\n      - R__a.sql\n      - V001__a.sql # first\n      - V003__c.sql\noptions: {}\n";

    #[test]
    fn a_file_takes_its_place_in_the_order() {
        let list = with_file(LIST, "V004__d.sql").unwrap();
        assert!(list.contains("      - V003__c.sql\n      - V004__d.sql\noptions"), "{list}");
        let list = with_file(LIST, "V002__b.sql").unwrap();
        assert!(list.contains("# first\n      - V002__b.sql\n      - V003__c.sql\n"), "{list}");
    }

    #[test]
    fn a_list_at_the_end_without_newline_grows() {
        assert_eq!(
            with_file("files:\n- V1__a.sql", "V2__b.sql").unwrap(),
            "files:\n- V1__a.sql\n- V2__b.sql\n"
        );
    }

    #[test]
    fn a_listed_file_or_a_foreign_kustomization_changes_nothing() {
        assert_eq!(with_file(LIST, "V001__a.sql"), None);
        assert_eq!(with_file("resources:\n- a.yaml\n", "V1__a.sql"), None);
    }
}
