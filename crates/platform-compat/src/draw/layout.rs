//! Where nodes stand: columns from consumers to providers, and in each column an order in which few edges cross.
//!
//! The method is that of layered drawing (K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical
//! system structures", 1981): edges that close circles are turned, a node's column is the longest path to it, and sweeps put
//! each node at the mean height of its neighbours.

/// Sweeps over all columns; more change little.
const SWEEPS: usize = 8;
/// Nodes of a column before it is broken into two.
const TALLEST: usize = 24;

/// Columns of nodes, from left to right and in each from top to bottom.
pub(super) fn columns(nodes: &[usize], edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let count = nodes.iter().max().map_or(0, |last| last + 1);
    let mut inside = vec![false; count];
    for node in nodes {
        inside[*node] = true;
    }
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    let known = |node: usize| inside.get(node).copied().unwrap_or(false);
    for (from, to) in edges.iter().copied().filter(|(from, to)| from != to && known(*from) && known(*to)) {
        out[from].push(to);
    }
    let forward = without_circles(nodes, &out);
    let rank = ranks(nodes, &forward);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for node in nodes {
        if columns.len() <= rank[*node] {
            columns.resize(rank[*node] + 1, Vec::new());
        }
        columns[rank[*node]].push(*node);
    }
    sweep(&mut columns, &forward, count);
    columns
        .into_iter()
        .flat_map(|column| {
            let parts = column.len().div_ceil(TALLEST).max(1);
            let height = column.len().div_ceil(parts).max(1);
            column.chunks(height).map(<[usize]>::to_vec).collect::<Vec<_>>()
        })
        .collect()
}

/// The edges with those turned that lead back on a walk in depth.
fn without_circles(nodes: &[usize], out: &[Vec<usize>]) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut forward: Vec<Vec<usize>> = vec![Vec::new(); out.len()];
    let mut state = vec![State::New; out.len()];
    for start in nodes {
        if state[*start] != State::New {
            continue;
        }
        state[*start] = State::Open;
        let mut path = vec![(*start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            let Some(target) = out[node].get(*next).copied() else {
                state[node] = State::Done;
                path.pop();
                continue;
            };
            *next += 1;
            if state[target] == State::Open {
                forward[target].push(node);
                continue;
            }
            forward[node].push(target);
            if state[target] == State::New {
                state[target] = State::Open;
                path.push((target, 0));
            }
        }
    }
    forward
}

/// For each node the length of the longest path to it.
fn ranks(nodes: &[usize], forward: &[Vec<usize>]) -> Vec<usize> {
    let mut waits = vec![0_usize; forward.len()];
    for target in nodes.iter().flat_map(|node| &forward[*node]) {
        waits[*target] += 1;
    }
    let mut rank = vec![0; forward.len()];
    let mut ready: Vec<usize> = nodes.iter().copied().filter(|node| waits[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for target in &forward[node] {
            rank[*target] = rank[*target].max(rank[node] + 1);
            waits[*target] -= 1;
            if waits[*target] == 0 {
                ready.push(*target);
            }
        }
    }
    rank
}

/// Puts each node at the mean place of its neighbours, forwards and backwards in turn.
#[expect(clippy::cast_precision_loss, reason = "places in a column are small numbers")]
fn sweep(columns: &mut [Vec<usize>], forward: &[Vec<usize>], count: usize) {
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (node, targets) in forward.iter().enumerate() {
        for target in targets {
            neighbours[node].push(*target);
            neighbours[*target].push(node);
        }
    }
    let mut place = vec![0.0_f64; count];
    let mut column_of = vec![0; count];
    for (number, column) in columns.iter().enumerate() {
        for (at, node) in column.iter().enumerate() {
            place[*node] = (at as f64 + 0.5) / column.len() as f64;
            column_of[*node] = number;
        }
    }
    for round in 0..SWEEPS {
        let forwards = round % 2 == 0;
        let length = columns.len();
        for step in 0..length {
            let number = if forwards { step } else { length - 1 - step };
            let mean = |node: usize| {
                let before = neighbours[node].iter().filter(|other| {
                    if forwards { column_of[**other] < number } else { column_of[**other] > number }
                });
                let (sum, count) =
                    before.fold((0.0, 0_usize), |(sum, count), other| (sum + place[*other], count + 1));
                if count == 0 { place[node] } else { sum / count as f64 }
            };
            let mut keyed: Vec<(f64, usize)> =
                columns[number].iter().map(|node| (mean(*node), *node)).collect();
            keyed.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
            columns[number] = keyed.into_iter().map(|(_, node)| node).collect();
            let size = columns[number].len() as f64;
            for (at, node) in columns[number].iter().enumerate() {
                place[*node] = (at as f64 + 0.5) / size;
            }
        }
    }
}
