//! Flyway's tables: of migrations, and of what queries find.

use migrate_core::database::ResultSet;

use crate::ui::count;

/// Draws what a query found as Flyway does: it asks JDBC for the names of columns, which are not those that the query gives them.
pub(super) fn draw_as_flyway(found: &ResultSet) -> String {
    let names = found.columns.iter().zip(&found.origins);
    let name =
        |(own, origin): (&String, &String)| if origin.is_empty() { own.clone() } else { origin.clone() };
    draw_found(&ResultSet { columns: names.map(name).collect(), ..found.clone() })
}

/// Draws what a query found.
pub(crate) fn draw_found(found: &ResultSet) -> String {
    let row = |row: &Vec<Option<String>>| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect();
    let rows: Vec<Vec<String>> =
        std::iter::once(found.columns.clone()).chain(found.rows.iter().map(row)).collect();
    let mut text = draw(&rows, "No rows returned");
    if found.left_out > 0 {
        text.push_str(&format!("{} not shown\n", count(found.left_out, "more row")));
    }
    text
}

/// Draws rows below a heading; the first row is the heading, and `none` stands for the others.
pub(super) fn draw(rows: &[Vec<String>], none: &str) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let rule = widths.iter().fold("+".to_owned(), |rule, width| rule + &"-".repeat(width + 2) + "+") + "\n";
    let mut text = rule.clone();
    for (number, row) in rows.iter().enumerate() {
        text.push('|');
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!(" {} |", padded(cell, *width)));
        }
        text.push('\n');
        if number == 0 {
            text.push_str(&rule);
        }
    }
    if rows.len() < 2 {
        let inside = rule.len().saturating_sub(5);
        text.push_str(&format!("| {} |\n", padded(none, inside)));
    }
    text + &rule
}

/// Formats take no widths as large as cells can be.
fn padded(cell: &str, width: usize) -> String {
    cell.to_owned() + &" ".repeat(width.saturating_sub(cell.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_padded_and_rules_fit() {
        let rows = [["Version", "State"], ["1", "Pending"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            draw(&rows, "No migrations found"),
            "+---------+---------+\n| Version | State   |\n+---------+---------+\n| 1       | Pending |\n+---------+---------+\n"
        );
        assert_eq!(
            draw(&rows[..1], "No migrations found"),
            "+---------+-------+\n| Version | State |\n+---------+-------+\n| No migrations found |\n+---------+-------+\n"
        );
    }
}
