//! Where tables stand: columns from parents to children, each in an order in which few lines cross.
//!
//! The method is that of layered drawing (K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical
//! system structures", 1981): references that close a circle do not count, a table's column is the longest path to it, and
//! sweeps put each table at the mean place of its neighbours.

/// Sweeps over all columns; more change little.
const SWEEPS: usize = 8;

/// The tables of each column from left to right, in their order from top to bottom. `references` lead from child to parent.
pub(super) fn columns(tables: usize, references: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); tables];
    for (child, parent) in references.iter().filter(|(child, parent)| child != parent) {
        parents[*child].push(*parent);
    }
    let ranks = ranks(&parents);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); ranks.iter().max().map_or(0, |last| last + 1)];
    for (table, rank) in ranks.into_iter().enumerate() {
        columns[rank].push(table);
    }
    let mut neighbours = parents.clone();
    for (child, parents) in parents.iter().enumerate() {
        for parent in parents {
            neighbours[*parent].push(child);
        }
    }
    sweep(&mut columns, &neighbours);
    columns
}

/// The length of the longest path of parents from each table; a walk in depth without recursion.
fn ranks(parents: &[Vec<usize>]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let (mut ranks, mut states) = (vec![0; parents.len()], vec![State::New; parents.len()]);
    for start in 0..parents.len() {
        let mut path = if states[start] == State::New { vec![(start, 0)] } else { Vec::new() };
        states[start] = if states[start] == State::New { State::Open } else { states[start] };
        while let Some((table, next)) = path.last_mut() {
            let table = *table;
            match parents[table].get(*next).copied() {
                None => {
                    states[table] = State::Done;
                    path.pop();
                    if let Some((child, _)) = path.last() {
                        ranks[*child] = ranks[*child].max(ranks[table] + 1);
                    }
                }
                Some(parent) => {
                    *next += 1;
                    match states[parent] {
                        State::New => {
                            states[parent] = State::Open;
                            path.push((parent, 0));
                        }
                        // It closes a circle.
                        State::Open => {}
                        State::Done => ranks[table] = ranks[table].max(ranks[parent] + 1),
                    }
                }
            }
        }
    }
    ranks
}

/// Puts each table at the mean place of its neighbours, over and over.
#[expect(clippy::cast_precision_loss, reason = "places in a column are small numbers")]
fn sweep(columns: &mut [Vec<usize>], neighbours: &[Vec<usize>]) {
    let mut places = vec![0.0_f64; neighbours.len()];
    let settle = |column: &[usize], places: &mut [f64]| {
        for (at, table) in column.iter().enumerate() {
            places[*table] = (at as f64 + 0.5) / column.len() as f64;
        }
    };
    for column in columns.iter() {
        settle(column, &mut places);
    }
    for round in 0..SWEEPS {
        for step in 0..columns.len() {
            let number = if round % 2 == 0 { step } else { columns.len() - 1 - step };
            let mean = |table: usize| match neighbours[table].len() {
                0 => places[table],
                count => neighbours[table].iter().map(|other| places[*other]).sum::<f64>() / count as f64,
            };
            let mut keyed: Vec<(f64, usize)> =
                columns[number].iter().map(|table| (mean(*table), *table)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            columns[number] = keyed.into_iter().map(|(_, table)| table).collect();
            settle(&columns[number], &mut places);
        }
    }
}
