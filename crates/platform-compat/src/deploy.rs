//! May these versions go to that environment?

use crate::{
    plan::{NoPlan, Plan, Target, breaks_alone, goal, plan},
    space::{Cause, Nogood, Space, State, What},
};

/// The answer to [`can_deploy`].
#[derive(Debug)]
pub struct Decision {
    /// Yes, no, or nobody knows.
    pub verdict: Verdict,
    /// Every rule that a candidate has a part in: the matrix of pairs. Those that are broken come first.
    pub rows: Vec<Row>,
    /// For a "no" of several candidates that are fine together: the order that avoids it.
    pub order: Option<Plan>,
}

/// Whether something may be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every rule holds.
    Yes,
    /// Nothing speaks against it, but of a version nobody has declared what it needs.
    Unknown,
    /// A rule would be broken.
    No,
}

/// A rule that a candidate has a part in.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who asks for something.
    pub subject: String,
    /// Its versions: those to deploy, and those that are live.
    pub versions: Vec<String>,
    /// What must hold, with its place.
    pub cause: Cause,
    /// The other side.
    pub partner: Option<String>,
    /// The versions that it would have.
    pub partner_versions: Vec<String>,
    /// Whether it would hold.
    pub verdict: Verdict,
}

/// Whether versions may go to the environment of a space. All of them count as deployed in the end; unless `together`,
/// there must also be an order in which they can go one by one.
pub fn can_deploy(space: &Space<'_>, candidates: &Target, together: bool) -> Decision {
    let now = space.now();
    let wanted = goal(space, candidates);
    let subjects: Vec<usize> = candidates.iter().filter_map(|(what, _)| space.subject(*what)).collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut touched: Vec<usize> =
        subjects.iter().flat_map(|subject| space.touching[*subject].iter().copied()).collect();
    touched.sort_unstable();
    touched.dedup();
    for index in touched {
        let nogood = &space.nogoods[index];
        let mut case = nogood.members.iter().take(nogood.trigger);
        // A rule about old and new beside each other has its case while they are.
        let broken = nogood.is_violated(&wanted)
            || !nogood.is_violated(&now) && breaks_alone(space, nogood, &now, &wanted);
        if !broken && !case.all(|(subject, set)| set.any(&wanted[*subject])) {
            continue;
        }
        let row = row(space, nogood, &now, &wanted, broken);
        // The pairs of one skew are one rule.
        match rows.iter_mut().find(|other| other.cause == row.cause) {
            Some(other) => other.verdict = other.verdict.max(row.verdict),
            None => rows.push(row),
        }
    }
    for subject in &subjects {
        rows.extend(undeclared(space, *subject, &wanted));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
    let mut verdict = rows.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Yes);
    let mut order = None;
    if verdict < Verdict::No && subjects.len() > 1 {
        match plan(space, candidates) {
            Ok(plan) => order = Some(plan),
            Err(_) if together => {}
            Err(problem) => {
                verdict = Verdict::No;
                if let NoPlan::Locked(locked) = *problem {
                    for cause in locked.causes {
                        if let Some(row) = rows.iter_mut().find(|row| row.cause == cause) {
                            row.verdict = Verdict::No;
                        }
                    }
                    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
                }
            }
        }
    }
    Decision { verdict, rows, order }
}

fn row(space: &Space<'_>, nogood: &Nogood<'_>, now: &State, wanted: &State, broken: bool) -> Row {
    let (first, _) = nogood.members[0];
    let partner = nogood.members.get(1).map(|(partner, _)| *partner);
    // The partner of a new version may be the old one.
    let beside = |partner: usize| if partner == first { &now[partner] } else { &wanted[partner] };
    Row {
        subject: space.name(first),
        versions: space.versions(first, &wanted[first]),
        cause: space.cause(nogood),
        partner: partner.map(|partner| space.name(partner)),
        partner_versions: partner.map_or_else(Vec::new, |partner| space.versions(partner, beside(partner))),
        verdict: if broken { Verdict::No } else { Verdict::Yes },
    }
}

/// A row for a candidate of which no file says what it needs.
fn undeclared(space: &Space<'_>, subject: usize, wanted: &State) -> Option<Row> {
    let candidates = &space.subjects[subject].candidates;
    let unknown: Vec<usize> = wanted[subject].iter().copied().filter(|at| !candidates[*at].known).collect();
    let withdrawn = wanted[subject].iter().any(|at| candidates[*at].withdrawn);
    let What::Part(part) = space.subjects[subject].what else { return None };
    if unknown.is_empty() && !withdrawn {
        return None;
    }
    let platform = space.platform;
    let place = match part {
        crate::compatibility::Part::Component(id) => platform[id].name.place,
        crate::compatibility::Part::Kubernetes => platform[space.environment].name.place,
    };
    let name = space.name(subject);
    let (rule, text) = if withdrawn {
        ("compat/withdrawn", format!("`{name}`: this release was withdrawn"))
    } else {
        (
            "compat/unknown-release",
            format!("`{name}`: no file declares this version; it is taken to need what platform.yaml says"),
        )
    };
    let src = platform.sources.get(place.file as usize)?.clone();
    Some(Row {
        subject: name,
        versions: space.versions(subject, &wanted[subject]),
        cause: Cause { rule, text, src, span: place.span() },
        partner: None,
        partner_versions: Vec::new(),
        verdict: if withdrawn { Verdict::No } else { Verdict::Unknown },
    })
}

#[cfg(test)]
mod tests;
