//! Fields that are one value.
//!
//! Kustomize's label and annotation transformers put one YAML node into every field that they make, so that a later change of
//! one of these fields changes the others, too. Trees that render by it depend on it. Here the places are remembered, and
//! made equal again after each step.

use crate::path::{Step, at};
use crate::yaml::{Node, Value};

/// Places that hold one value.
#[derive(Debug, Clone)]
struct Group {
    value: Value,
    places: Vec<Vec<Step>>,
}

/// All places of an object that hold values together with others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares(Vec<Group>);

fn look<'n>(node: &'n Node, place: &[Step]) -> Option<&'n Node> {
    place.iter().try_fold(node, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::At(index) => node.items().get(*index),
    })
}

impl Shares {
    /// Notes that a text was put into several new fields at once.
    pub(crate) fn add(&mut self, text: &str, places: Vec<Vec<Step>>) {
        if places.len() > 1 {
            self.0.push(Group { value: Value::String(text.to_owned()), places });
        }
    }

    /// The object's annotations were written anew: none of them is shared any more.
    pub(crate) fn forget_annotations(&mut self) {
        let key = |step: Option<&Step>, name: &str| matches!(step, Some(Step::Key(key)) if key == name);
        for group in &mut self.0 {
            group
                .places
                .retain(|place| !(key(place.first(), "metadata") && key(place.get(1), "annotations")));
        }
        self.0.retain(|group| group.places.len() > 1);
    }

    /// The whole object was written anew.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// Gives a value that was changed in one place to the others.
    pub(crate) fn reconcile(&mut self, node: &mut Node) {
        for group in &mut self.0 {
            group.places.retain(|place| look(node, place).is_some());
            let values = group.places.iter().filter_map(|place| look(node, place));
            let Some(changed) = values.map(|node| &node.value).find(|value| **value != group.value) else {
                continue;
            };
            group.value = changed.clone();
            for place in &group.places {
                if let Some(field) = at(node, place) {
                    field.value.clone_from(&group.value);
                }
            }
        }
        self.0.retain(|group| group.places.len() > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Vec<Step> {
        text.split('/')
            .map(|part| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::At))
            .collect()
    }

    fn parsed(text: &str) -> Node {
        crate::yaml::parse(&crate::Source::new("x", text.into())).0.remove(0)
    }

    #[test]
    fn one_change_is_a_change_of_all() {
        let mut node = parsed("{a: {x: '1'}, b: [{x: '1'}], c: {x: '1'}}");
        let mut shares = Shares::default();
        shares.add("1", vec![place("a/x"), place("b/0/x")]);
        *at(&mut node, &place("b/0/x")).unwrap() = Node::text("2");
        shares.reconcile(&mut node);
        assert_eq!(node, parsed("{a: {x: '2'}, b: [{x: '2'}], c: {x: '1'}}"));
    }

    #[test]
    fn what_is_gone_or_written_anew_is_no_longer_shared() {
        let mut node = parsed("{metadata: {annotations: {x: '1'}}, b: {x: '1'}, c: {x: '1'}}");
        let mut shares = Shares::default();
        shares.add("1", vec![place("metadata/annotations/x"), place("b/x"), place("c/x"), place("gone/x")]);
        shares.forget_annotations();
        *at(&mut node, &place("c/x")).unwrap() = Node::text("2");
        shares.reconcile(&mut node);
        assert_eq!(node, parsed("{metadata: {annotations: {x: '1'}}, b: {x: '2'}, c: {x: '2'}}"));
    }
}
