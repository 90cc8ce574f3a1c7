//! Flyway's table of migrations.

/// Draws rows below a heading; the first row is the heading.
pub(super) fn draw(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let rule = widths.iter().fold("+".to_owned(), |rule, width| rule + &"-".repeat(width + 2) + "+") + "\n";
    let mut text = rule.clone();
    for (number, row) in rows.iter().enumerate() {
        text.push('|');
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!(" {cell:<width$} |"));
        }
        text.push('\n');
        if number == 0 {
            text.push_str(&rule);
        }
    }
    if rows.len() < 2 {
        let inside = rule.len() - 5;
        text.push_str(&format!("| {:<inside$} |\n", "No migrations found"));
    }
    text + &rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_padded_and_rules_fit() {
        let rows = [["Version", "State"], ["1", "Pending"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            draw(&rows),
            "+---------+---------+\n| Version | State   |\n+---------+---------+\n| 1       | Pending |\n+---------+---------+\n"
        );
        assert_eq!(
            draw(&rows[..1]),
            "+---------+-------+\n| Version | State |\n+---------+-------+\n| No migrations found |\n+---------+-------+\n"
        );
    }
}
