//! What is live while a step is under way, by how each of its members takes over.

use crate::{
    compatibility::Part,
    model::Rollout,
    space::{Nogood, Space, State, What},
};

/// How versions of a subject take over. A schema has one level at a time; the machines of a cluster follow each other.
pub(super) fn rollout(space: &Space<'_>, subject: usize) -> Rollout {
    match space.subjects[subject].what {
        What::Part(Part::Component(id)) => space.platform[id].rollout,
        What::Part(Part::Kubernetes) => Rollout::Rolling,
        What::Schema(_) => Rollout::Recreate,
    }
}

/// Whether old and new of a subject meet each other.
pub(super) fn is_mixed(space: &Space<'_>, subject: usize) -> bool {
    matches!(rollout(space, subject), Rollout::Rolling | Rollout::BlueGreen)
}

/// Whether traffic goes to the new version at once: several such subjects that move in one step move at one instant.
pub(super) fn moves_at_once(space: &Space<'_>, subject: usize) -> bool {
    matches!(rollout(space, subject), Rollout::BlueGreen | Rollout::Atomic)
}

/// Whether a rule about the mixture of versions is broken where, of those that it names, one subject moves: no order helps.
pub(crate) fn breaks_alone(space: &Space<'_>, nogood: &Nogood<'_>, from: &State, to: &State) -> bool {
    let mut movers = nogood.members.iter().map(|(of, _)| *of).filter(|of| from[*of] != to[*of]);
    let first = movers.next();
    nogood.is_of_mixture()
        && first.is_some_and(|first| movers.all(|other| other == first))
        && breaks(space, nogood, from, to)
}

/// Whether a rule is broken at any instant of a step from one state to another.
pub(crate) fn breaks(space: &Space<'_>, nogood: &Nogood<'_>, from: &State, to: &State) -> bool {
    let meets = |subject: usize, live: &[&[usize]]| {
        let mut sets = nogood.members.iter().filter(|(of, _)| *of == subject).map(|(_, set)| set);
        sets.all(|set| live.iter().any(|live| set.any(live)))
    };
    let of_mixture = |subject: usize| nogood.members.iter().filter(|(of, _)| *of == subject).count() > 1;
    // Before and after the instant at which traffic moves.
    [from, to].iter().any(|instant| {
        nogood.members.iter().all(|(subject, _)| {
            let subject = *subject;
            let (old, new) = (&*from[subject], &*to[subject]);
            if old == new {
                return meets(subject, &[old]);
            }
            match rollout(space, subject) {
                Rollout::Rolling => meets(subject, &[old, new]),
                Rollout::Recreate => meets(subject, &[old]) || meets(subject, &[new]),
                Rollout::BlueGreen if of_mixture(subject) => meets(subject, &[old, new]),
                Rollout::BlueGreen | Rollout::Atomic => meets(subject, &[&instant[subject]]),
            }
        })
    })
}
