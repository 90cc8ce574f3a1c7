//! The table.

use std::time::Duration;

use crate::measure::Row;

/// The rows as a Markdown table with aligned columns; one line per peer.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut lines = vec![
        ["what", "infra", "beside", "takes", "ratio", "peak memory", "theirs", "rate"].map(ToOwned::to_owned),
    ];
    for row in rows {
        let memory = row.memory.map_or_else(String::new, mebibytes);
        let rate = row.bytes.map_or_else(String::new, |bytes| {
            let milliseconds = u64::try_from(row.ours.as_millis()).unwrap_or(u64::MAX).max(1);
            format!("{} MB/s", bytes / 1000 / milliseconds)
        });
        let peers = row.peers.iter().map(|peer| {
            let ratio = peer.took.as_secs_f64() / row.ours.as_secs_f64();
            [
                peer.name.to_owned(),
                duration(peer.took),
                format!("{ratio:.2}x"),
                peer.memory.map_or_else(String::new, mebibytes),
            ]
        });
        let peers: Vec<_> = if row.peers.is_empty() { vec![Default::default()] } else { peers.collect() };
        for (number, [peer, takes, ratio, theirs]) in peers.into_iter().enumerate() {
            let first = number == 0;
            let only_first = |text: String| if first { text } else { String::new() };
            lines.push([
                only_first(row.name.clone()),
                only_first(duration(row.ours)),
                peer,
                takes,
                ratio,
                only_first(memory.clone()),
                theirs,
                only_first(rate.clone()),
            ]);
        }
    }
    let widths: Vec<_> = (0..8)
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let print = |line: &[String; 8]| {
        let cells =
            line.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} ")).collect::<Vec<_>>();
        format!("|{}|\n", cells.join("|"))
    };
    let rule =
        format!("|{}|\n", widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|"));
    let body = lines[1..].iter().map(print).collect::<Vec<_>>().concat();
    format!(
        "{}{rule}{body}\nratio: how many times longer the other takes. Medians of whole processes on this machine.\n",
        print(&lines[0])
    )
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", (bytes + (1 << 19)) >> 20)
}

fn duration(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds {
        0.0..10.0 => format!("{milliseconds:.2} ms"),
        10.0..1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.2} s", milliseconds / 1e3),
    }
}
