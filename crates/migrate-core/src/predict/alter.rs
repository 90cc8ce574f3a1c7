//! The clauses of `ALTER TABLE`, `CREATE INDEX` and `DROP INDEX`.

use std::ops::Range;

use super::column::{Place, place};
use super::{Algorithm, Lock, Prediction, View};
use crate::lint::table::{Change, clause_columns, is_key};
use crate::server::Dialect;

/// What the clauses of a statement do to each other, counted.
#[derive(Default)]
struct Company {
    /// Columns that are added, dropped or moved, which is INSTANT only in the right company.
    columns: usize,
    /// Virtual columns that are added.
    virtual_columns: usize,
    /// Indexes that are built.
    builds: usize,
    /// FULLTEXT indexes that are added.
    fulltext: usize,
    /// Primary keys that are dropped.
    dropped_keys: usize,
    /// Primary keys that are added.
    added_keys: usize,
}

/// What the author demands.
#[derive(Default)]
struct Demand {
    algorithm: Option<String>,
    lock: Option<String>,
}

impl View<'_> {
    /// All clauses of one `ALTER TABLE`.
    pub(super) fn alter(&self, clauses: &[Range<usize>]) -> Prediction {
        let (mut company, mut demand) = (Company::default(), Demand::default());
        let mut whole = Prediction::new(Algorithm::Instant, Lock::None);
        for clause in self.clauses(clauses) {
            whole = whole.and(self.clause(&clause, &mut company, &mut demand));
        }
        if company.dropped_keys > 0 {
            whole = whole.and(if company.added_keys > 0 {
                self.rebuild()
            } else {
                self.copy().note("without a new primary key in the same statement the table is copied")
            });
        }
        if company.fulltext > 1 {
            whole = whole.and(self.copy()).note("two FULLTEXT indexes are not added at once");
        }
        whole = self.in_company(whole, &company);
        self.on_demand(self.settle(whole), &demand, company.columns > 0)
    }

    /// Options need no commas between them, and none before what is said of partitions.
    fn clauses(&self, clauses: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        for clause in clauses {
            let mut start = clause.start;
            for index in clause.start + 1..clause.end {
                let ends = self.option_length(start).is_some_and(|length| start + length == index);
                let begins = ends && self.option_length(index).is_some();
                if begins || self.statement.is_any(index, &PARTITIONING) {
                    parts.push(start..index);
                    start = index;
                }
            }
            parts.push(start..clause.end);
        }
        parts
    }

    /// How many tokens a table option takes.
    fn option_length(&self, index: usize) -> Option<usize> {
        let statement = self.statement;
        let words = OPTIONS.iter().find(|words| statement.is(index, words))?;
        let value = statement.skip(index + words.split(' ').count(), "=");
        Some(value + 1 - index)
    }

    fn clause(&self, clause: &Range<usize>, company: &mut Company, demand: &mut Demand) -> Prediction {
        let statement = self.statement;
        let start = clause.start;
        let is = |words: &[&str]| statement.is_any(start, words);
        let value = |words: usize| statement.at(statement.skip(start + words, "=")).to_ascii_uppercase();
        let instant = || Prediction::new(Algorithm::Instant, Lock::None);
        let in_place = || Prediction::new(Algorithm::InPlace, Lock::None);
        let cheap = || self.by_dialect(in_place(), instant());
        if is(&["ALGORITHM"]) {
            demand.algorithm = Some(value(1));
            return instant();
        }
        if is(&["LOCK"]) {
            demand.lock = Some(value(1));
            return instant();
        }
        if let Some(prediction) = self.partition(clause) {
            return prediction;
        }
        match statement.at(start).to_ascii_uppercase().as_str() {
            "ADD" => self.add(clause, company),
            "DROP" => self.drop(clause, company),
            "MODIFY" | "CHANGE" => {
                let named = statement.skip(statement.skip(start + 1, "COLUMN"), "IF EXISTS");
                let columns = clause_columns(statement, clause);
                let Some(column) = columns.first().filter(|column| column.change == Change::Modified) else {
                    return Prediction::unknown();
                };
                company.builds +=
                    usize::from(statement.find_outside(column.definition.clone(), "UNIQUE").is_some());
                self.changed_column(&statement.name(named).0, column)
            }
            "ALTER" if is(&["ALTER INDEX", "ALTER KEY"]) => cheap(),
            "ALTER" if is(&["ALTER CHECK", "ALTER CONSTRAINT"]) => {
                let off = statement.find(clause.clone(), "NOT ENFORCED").is_some();
                if off { instant() } else { self.copy().note("a CHECK is tried on every row") }
            }
            "RENAME" if is(&["RENAME INDEX", "RENAME KEY"]) => cheap(),
            "RENAME" if is(&["RENAME COLUMN"]) => self.renamed_column(),
            "CONVERT" => self.copy().note("every text of the table is written in another character set"),
            "DEFAULT" | "CHARACTER" | "CHARSET" | "COLLATE" | "AUTO_INCREMENT" | "COMMENT"
            | "STATS_PERSISTENT" | "STATS_AUTO_RECALC" | "STATS_SAMPLE_PAGES" | "MAX_ROWS" | "MIN_ROWS"
            | "AVG_ROW_LENGTH" | "CHECKSUM" | "DELAY_KEY_WRITE" | "PACK_KEYS" | "COMPRESSION" => cheap(),
            "ENGINE" if value(1) != "INNODB" => {
                Prediction::new(Algorithm::Copy, Lock::Shared).note("another engine means another table")
            }
            "ENGINE"
            | "FORCE"
            | "ROW_FORMAT"
            | "KEY_BLOCK_SIZE"
            | "PAGE_COMPRESSED"
            | "PAGE_COMPRESSION_LEVEL"
            | "ENCRYPTED"
            | "TABLESPACE" => self.rebuild(),
            "ENCRYPTION" | "ORDER" => self.copy(),
            "ENABLE" | "DISABLE" if is(&["ENABLE KEYS", "DISABLE KEYS"]) => {
                Prediction::new(Algorithm::Instant, self.by_dialect(Lock::None, Lock::Exclusive))
            }
            "ALTER" | "RENAME" | "WAIT" | "NOWAIT" => instant(),
            _ => Prediction::unknown().note("a clause of this statement is not understood"),
        }
    }

    fn renamed_column(&self) -> Prediction {
        let able = self.server.dialect == Dialect::MariaDb || self.server.is_mysql(8, 0, 28);
        Prediction::new(if able { Algorithm::Instant } else { Algorithm::InPlace }, Lock::None)
    }

    fn add(&self, clause: &Range<usize>, company: &mut Company) -> Prediction {
        let statement = self.statement;
        if statement.is_any(clause.start + 1, &["SYSTEM VERSIONING", "PERIOD FOR"]) {
            return self.copy();
        }
        let columns = clause_columns(statement, clause);
        let mut whole = Prediction::new(Algorithm::Instant, Lock::None);
        for column in &columns {
            let range = column.definition.clone();
            let has = |words: &str| statement.find_outside(range.clone(), words).is_some();
            if has("AS (") && !has("STORED") && !has("PERSISTENT") {
                company.virtual_columns += 1;
            } else {
                company.columns += 1;
            }
            company.builds += usize::from(has("UNIQUE") || has("PRIMARY KEY"));
            whole = whole.and(self.added_column(column, place(statement, column)));
        }
        let inside = statement.skip(clause.start + 1, "COLUMN");
        let items = if statement.at(inside) == "(" {
            statement.parts(inside + 1..statement.close(inside).min(clause.end))
        } else {
            std::iter::once(clause.start + 1..clause.end).collect()
        };
        for item in items.into_iter().filter(|item| is_key(statement, item.start)) {
            whole = whole.and(self.add_key(&item, company));
        }
        whole
    }

    /// A key or constraint, from its first word.
    fn add_key(&self, item: &Range<usize>, company: &mut Company) -> Prediction {
        let statement = self.statement;
        // The name of a constraint may be left out.
        let kinds = ["PRIMARY KEY", "FOREIGN KEY", "UNIQUE", "CHECK"];
        let start = if statement.is(item.start, "CONSTRAINT") {
            (item.start + 1..item.end.min(item.start + 3))
                .find(|index| statement.is_any(*index, &kinds))
                .unwrap_or(item.end)
        } else {
            item.start
        };
        match statement.at(start).to_ascii_uppercase().as_str() {
            "PRIMARY" => {
                company.added_keys += 1;
                company.builds += 1;
                self.rebuild()
                    .note("the rows are sorted by the new primary key, and every index is built anew")
            }
            "UNIQUE" => {
                company.builds += 1;
                self.unique()
            }
            "FULLTEXT" => {
                company.builds += 1;
                company.fulltext += 1;
                self.fulltext()
            }
            "SPATIAL" => {
                company.builds += 1;
                Prediction::new(Algorithm::InPlace, Lock::Shared)
            }
            "FOREIGN" => self.foreign_key(),
            "CHECK" if statement.find_outside(start..item.end, "NOT ENFORCED").is_some() => {
                Prediction::new(Algorithm::Instant, Lock::None)
            }
            "CHECK" => self.copy().note("a CHECK is tried on every row"),
            "KEY" | "INDEX" => {
                company.builds += 1;
                Prediction::new(Algorithm::InPlace, Lock::None)
            }
            _ => Prediction::unknown().note("a clause of this statement is not understood"),
        }
    }

    /// `CREATE INDEX` and `DROP INDEX`; `index` is the place of the word.
    pub(super) fn index(&self, index: usize) -> Prediction {
        let statement = self.statement;
        let mut demand = Demand::default();
        for at in index..statement.len() {
            if let Some(stated) =
                Some(statement.skip(at + 1, "=")).filter(|_| statement.is_any(at, &["ALGORITHM", "LOCK"]))
            {
                let value = Some(statement.at(stated).to_ascii_uppercase());
                if statement.is(at, "LOCK") { demand.lock = value } else { demand.algorithm = value }
            }
        }
        let prediction = if statement.is(0, "DROP") {
            self.drop_index(statement.at(index + 1))
        } else if statement.find(0..index, "FULLTEXT").is_some() {
            self.fulltext()
        } else if statement.find(0..index, "SPATIAL").is_some() {
            Prediction::new(Algorithm::InPlace, Lock::Shared)
        } else if statement.find(0..index, "UNIQUE").is_some() {
            self.unique()
        } else {
            Prediction::new(Algorithm::InPlace, Lock::None)
        };
        self.on_demand(self.settle(prediction), &demand, false)
    }

    /// Without a primary key the first UNIQUE index over columns that are NOT NULL orders the rows.
    fn unique(&self) -> Prediction {
        match self.facts.primary_key {
            Some(true) => Prediction::new(Algorithm::InPlace, Lock::None),
            Some(false) => {
                self.rebuild().note("without a primary key, this index may become what orders the rows")
            }
            None => self.rebuild().note("depends on whether the table has a primary key"),
        }
    }

    fn drop_index(&self, name: &str) -> Prediction {
        if name.trim_matches('`').eq_ignore_ascii_case("PRIMARY") {
            return self.copy();
        }
        match self.facts.primary_key {
            Some(true) => Prediction::new(Algorithm::InPlace, Lock::None),
            known => self.by_dialect(self.copy(), self.rebuild()).note(if known.is_some() {
                "without a primary key, this index may be what orders the rows"
            } else {
                "depends on whether the table has a primary key"
            }),
        }
    }

    fn fulltext(&self) -> Prediction {
        match self.facts.specials.map(|specials| specials.fulltext) {
            Some(true) => Prediction::new(Algorithm::InPlace, Lock::Shared),
            known => Prediction::new(Algorithm::Rebuild, Lock::Shared).note(if known.is_some() {
                "the first FULLTEXT index of a table adds a hidden column"
            } else {
                "depends on whether the table has a FULLTEXT index"
            }),
        }
    }

    /// A foreign key: with checks on, every row is looked up in the other table.
    pub(super) fn foreign_key(&self) -> Prediction {
        let prediction = if self.known.foreign_key_checks {
            self.copy().note("while foreign_key_checks is on, every row is checked")
        } else {
            Prediction::new(self.by_dialect(Algorithm::InPlace, Algorithm::Instant), Lock::None)
        };
        prediction.note_if(
            self.server.dialect == Dialect::MySql,
            "it waits for transactions that use the other table, too",
        )
    }

    fn drop(&self, clause: &Range<usize>, company: &mut Company) -> Prediction {
        let statement = self.statement;
        let after = clause.start + 1;
        let is = |words: &[&str]| statement.is_any(after, words);
        let cheap = || Prediction::new(self.by_dialect(Algorithm::InPlace, Algorithm::Instant), Lock::None);
        if is(&["PRIMARY KEY"]) {
            company.dropped_keys += 1;
            return Prediction::new(Algorithm::Instant, Lock::None);
        }
        if is(&["FOREIGN KEY"]) {
            return cheap();
        }
        if is(&["INDEX", "KEY"]) {
            return self.drop_index(statement.at(statement.skip(after + 1, "IF EXISTS")));
        }
        if is(&["CHECK"]) {
            return Prediction::new(Algorithm::Instant, Lock::None);
        }
        if is(&["CONSTRAINT"]) {
            return self.drop_index(statement.at(statement.skip(after + 1, "IF EXISTS")));
        }
        if is(&["SYSTEM VERSIONING", "PERIOD FOR"]) {
            return self.copy();
        }
        let name = statement.name(statement.skip(statement.skip(after, "COLUMN"), "IF EXISTS")).0;
        company.columns += 1;
        let column = self.facts.column(&name);
        if column.is_none_or(|column| column.indexed) {
            let cost = self.by_dialect(self.rebuild(), self.drop_index(""));
            return cost.and(self.instant_column(Place::Gone)).note(if column.is_some() {
                "the column is part of an index"
            } else {
                "depends on whether the column is part of an index"
            });
        }
        self.instant_column(Place::Gone)
    }

    /// What clauses make of each other.
    fn in_company(&self, mut whole: Prediction, company: &Company) -> Prediction {
        let more = whole.algorithm > Algorithm::Instant;
        let (columns, builds) = (company.columns > 0, company.builds > 0);
        if columns && self.by_dialect(more, builds) && whole.algorithm == Algorithm::InPlace {
            whole = whole
                .and(self.rebuild())
                .note("columns are added and dropped with INSTANT only in statements of their own");
        }
        if company.virtual_columns > 0 {
            if columns && self.by_dialect(builds, true) {
                whole = whole
                    .and(self.copy())
                    .note("virtual and other columns are not changed together in place");
            } else if more {
                whole.lock = whole.lock.max(Lock::Shared);
            }
        }
        whole
    }

    /// `ALGORITHM` and `LOCK` as the author states them.
    fn on_demand(&self, mut prediction: Prediction, demand: &Demand, columns: bool) -> Prediction {
        if prediction.algorithm == Algorithm::Unknown {
            return prediction;
        }
        let refused = "the server refuses this rather than do what is stated";
        match demand.algorithm.as_deref() {
            Some("COPY") => prediction = self.copy().and(prediction),
            // MySQL takes the word literally, MariaDB as the least that is good enough.
            Some("INPLACE")
                if columns
                    && prediction.algorithm == Algorithm::Instant
                    && self.server.dialect == Dialect::MySql =>
            {
                prediction =
                    self.settle(Prediction::new(Algorithm::Rebuild, prediction.lock)).and(prediction);
                prediction.add_note("ALGORITHM=INPLACE forgoes INSTANT");
            }
            Some("INSTANT") if prediction.algorithm > Algorithm::Instant => prediction.add_note(refused),
            Some("NOCOPY") if prediction.algorithm > Algorithm::InPlace => prediction.add_note(refused),
            Some("INPLACE") if prediction.algorithm == Algorithm::Copy => prediction.add_note(refused),
            _ => {}
        }
        match demand.lock.as_deref() {
            Some("EXCLUSIVE") => prediction.lock = Lock::Exclusive,
            Some("SHARED") if prediction.lock <= Lock::Shared => prediction.lock = Lock::Shared,
            Some("NONE") if prediction.lock > Lock::None => prediction.add_note(refused),
            _ => {}
        }
        prediction
    }
}

const PARTITIONING: [&str; 2] = ["PARTITION BY", "REMOVE PARTITIONING"];

const OPTIONS: [&str; 28] = [
    "DEFAULT CHARACTER SET",
    "DEFAULT CHARSET",
    "DEFAULT COLLATE",
    "CHARACTER SET",
    "CHARSET",
    "COLLATE",
    "AUTO_INCREMENT",
    "COMMENT",
    "STATS_PERSISTENT",
    "STATS_AUTO_RECALC",
    "STATS_SAMPLE_PAGES",
    "MAX_ROWS",
    "MIN_ROWS",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "DELAY_KEY_WRITE",
    "PACK_KEYS",
    "COMPRESSION",
    "ENGINE",
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "PAGE_COMPRESSED",
    "PAGE_COMPRESSION_LEVEL",
    "ENCRYPTED",
    "ENCRYPTION",
    "TABLESPACE",
    "ALGORITHM",
    "LOCK",
];
