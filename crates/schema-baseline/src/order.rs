//! The order in which objects can be created: what is needed comes first, names decide between equals.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::ast::{
    CreateTrigger, ObjectKind, RefKind, StatementKind, TableElement, TriggerEvent, TriggerOrder,
    TriggerTiming,
};
use crate::finding::{Finding, at};
use crate::load::SchemaObject;
use crate::place::Place;

/// An order of creation.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Indices of all objects: sequences, tables, functions, views, procedures, triggers, events.
    pub objects: Vec<usize>,
    /// For tables in a cycle of foreign keys, the indices of the elements that must wait until all tables exist.
    pub deferred: BTreeMap<usize, Vec<usize>>,
}

/// Orders objects, which are sorted by kind and name. Views that need each other are reported.
pub(crate) fn order(objects: &[SchemaObject], findings: &mut Vec<Finding>) -> Order {
    let mut order = Order::default();
    let of_kind = |kind| (0..objects.len()).filter(move |&index| objects[index].kind == kind);
    order.objects.extend(of_kind(ObjectKind::Sequence));
    tables(objects, &of_kind(ObjectKind::Table).collect::<Vec<_>>(), &mut order);
    order.objects.extend(of_kind(ObjectKind::Function));
    views(objects, &of_kind(ObjectKind::View).collect::<Vec<_>>(), &mut order, findings);
    order.objects.extend(of_kind(ObjectKind::Procedure));
    order.objects.extend(triggers(objects, of_kind(ObjectKind::Trigger)));
    order.objects.extend(of_kind(ObjectKind::Event));
    order
}

/// A foreign key of a table: the index of its element, the parent, and whether it has a name.
fn foreign_keys(object: &SchemaObject) -> Vec<(usize, &str, bool)> {
    let StatementKind::CreateTable(def) = &object.statement.kind else { return Vec::new() };
    def.elements
        .iter()
        .enumerate()
        .filter_map(|(index, (element, _))| match element {
            TableElement::ForeignKey(key) => Some((index, key.references.table.text(), key.name.is_some())),
            TableElement::Column(column) => {
                column.references.as_ref().map(|(references, _)| (index, references.table.text(), false))
            }
            _ => None,
        })
        .collect()
}

fn tables(objects: &[SchemaObject], tables: &[usize], order: &mut Order) {
    let needs = |object: &SchemaObject| match &object.statement.kind {
        StatementKind::CreateTableLike { like, .. } => vec![like.text().to_owned()],
        StatementKind::CreateTable(def) => {
            let read = def.query.iter().flat_map(|query| &query.uses).map(|used| used.name.text());
            foreign_keys(object)
                .into_iter()
                .map(|(_, parent, _)| parent)
                .chain(read)
                .map(str::to_owned)
                .collect()
        }
        _ => Vec::new(),
    };
    let (sorted, components) = sort(objects, tables, needs);
    let component: HashMap<&str, usize> = components
        .iter()
        .enumerate()
        .flat_map(|(number, members)| {
            members.iter().map(move |&index| (objects[index].name.as_str(), number))
        })
        .collect();
    for &index in &sorted {
        let own = objects[index].name.as_str();
        let keys = foreign_keys(&objects[index]);
        // Members of a cycle are created by name, so only keys to later names must wait.
        let waits = |parent: &str| parent > own && component.get(parent) == component.get(own);
        if !keys.iter().any(|(_, parent, _)| waits(parent)) {
            continue;
        }
        // The server numbers keys without a name in the order in which it sees them: all of them keep together.
        let all = keys.iter().any(|(_, _, named)| !named);
        let deferred =
            keys.iter().filter(|(_, parent, _)| all || waits(parent)).map(|(element, ..)| *element);
        order.deferred.insert(index, deferred.collect());
    }
    order.objects.extend(sorted);
}

fn views(objects: &[SchemaObject], views: &[usize], order: &mut Order, findings: &mut Vec<Finding>) {
    let needs = |object: &SchemaObject| match &object.statement.kind {
        StatementKind::CreateView(def) => {
            let relations =
                def.query.references.iter().filter(|reference| reference.kind == RefKind::Relation);
            relations.map(|reference| reference.name.text().to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let (sorted, components) = sort(objects, views, needs);
    for members in components {
        let itself = members.len() == 1 && needs(&objects[members[0]]).contains(&objects[members[0]].name);
        if members.len() > 1 || itself {
            findings.push(cycle(objects, &members, needs));
        }
    }
    order.objects.extend(sorted);
}

/// Describes one cycle among views that need each other.
fn cycle(
    objects: &[SchemaObject],
    members: &[usize],
    needs: impl Fn(&SchemaObject) -> Vec<String>,
) -> Finding {
    let mut path = vec![members[0]];
    loop {
        let wanted = needs(&objects[path[path.len() - 1]]);
        let next = members.iter().copied().find(|&member| wanted.contains(&objects[member].name));
        let Some(next) = next else { break };
        if let Some(start) = path.iter().position(|&seen| seen == next) {
            path.drain(..start);
            break;
        }
        path.push(next);
    }
    let names: Vec<&str> =
        path.iter().chain(path.first()).map(|&index| objects[index].name.as_str()).collect();
    let reference = |index: usize, name: &str| -> Place {
        let object = &objects[index];
        let StatementKind::CreateView(def) = &object.statement.kind else { return object.place() };
        let found = def.query.references.iter().find(|reference| reference.name.text() == name);
        found.map_or_else(|| object.place(), |found| object.place().at(found.name.span()))
    };
    let (src, span) = at(&reference(path[0], names[1]));
    let other = |(step, &index): (usize, &usize)| {
        Finding::see_also(
            format!("`{}` needs `{}`", names[step], names[step + 1]),
            &reference(index, names[step + 1]),
        )
    };
    let others = path.iter().enumerate().skip(1).map(other).collect();
    Finding::ViewCycle { cycle: names.join(" → "), src, span, others }
}

/// Sorts objects so that what one needs comes before it, names deciding between equals (Kahn's algorithm with a heap of
/// names over the strongly connected components). Also gives the components, each sorted by name.
fn sort(
    objects: &[SchemaObject],
    members: &[usize],
    needs: impl Fn(&SchemaObject) -> Vec<String>,
) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: HashMap<&str, NodeIndex> =
        members.iter().map(|&index| (objects[index].name.as_str(), graph.add_node(index))).collect();
    for &index in members {
        for needed in needs(&objects[index]) {
            if let Some(&needed) = nodes.get(needed.as_str()) {
                graph.add_edge(nodes[objects[index].name.as_str()], needed, ());
            }
        }
    }
    let mut components: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .map(|component| component.into_iter().map(|node| graph[node]).collect())
        .collect();
    for component in &mut components {
        // Objects are sorted by name, so their indices are too.
        component.sort_unstable();
    }
    components.sort_unstable();
    let mut component_of: HashMap<usize, usize> = HashMap::new();
    for (number, component) in components.iter().enumerate() {
        component_of.extend(component.iter().map(|&index| (index, number)));
    }
    let mut waiting = vec![0_usize; components.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); components.len()];
    for edge in graph.edge_indices() {
        let Some((from, to)) = graph.edge_endpoints(edge) else { continue };
        let (user, needed) = (component_of[&graph[from]], component_of[&graph[to]]);
        if user != needed {
            waiting[user] += 1;
            users[needed].push(user);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..components.len()).filter(|&number| waiting[number] == 0).map(Reverse).collect();
    let mut sorted = Vec::with_capacity(members.len());
    while let Some(Reverse(number)) = ready.pop() {
        sorted.extend(&components[number]);
        for &user in &users[number] {
            waiting[user] -= 1;
            if waiting[user] == 0 {
                ready.push(Reverse(user));
            }
        }
    }
    (sorted, components)
}

/// Triggers by table, timing and event; within these, those that others follow or precede come first.
fn triggers(objects: &[SchemaObject], triggers: impl Iterator<Item = usize>) -> Vec<usize> {
    type Group<'a> = (&'a str, TriggerTiming, TriggerEvent);
    let mut groups: BTreeMap<Group<'_>, Vec<(usize, &CreateTrigger)>> = BTreeMap::new();
    for index in triggers {
        if let StatementKind::CreateTrigger(def) = &objects[index].statement.kind {
            groups.entry((def.table.text(), def.timing, def.event)).or_default().push((index, def));
        }
    }
    let mut sorted = Vec::new();
    for mut group in groups.into_values() {
        while !group.is_empty() {
            let is_ready = |&(_, def): &(usize, &CreateTrigger)| match &def.order {
                None => true,
                Some(TriggerOrder::Follows(name) | TriggerOrder::Precedes(name)) => {
                    !group.iter().any(|(index, _)| objects[*index].name == name.text)
                }
            };
            let next = group.iter().position(is_ready).unwrap_or(0);
            sorted.push(group.remove(next).0);
        }
    }
    sorted
}
