//! Which components pods may belong to, by their labels.

use std::collections::HashMap;

use crate::model::{Component, ComponentId};

/// Components by the first label they select, so that a workload is not held against all of them.
pub(crate) struct Selectors<'p>(HashMap<(&'p str, &'p str), Vec<ComponentId>>);

impl<'p> Selectors<'p> {
    pub(crate) fn new(components: &'p [Component]) -> Self {
        let mut selectors: HashMap<(&str, &str), Vec<ComponentId>> = HashMap::new();
        for (id, component) in (0..).map(ComponentId).zip(components) {
            if let Some((key, value)) = component.workload.selector.first() {
                selectors.entry((key, value)).or_default().push(id);
            }
        }
        Self(selectors)
    }

    /// Those whose first label is among these.
    pub(crate) fn candidates<'s>(
        &'s self,
        labels: impl Iterator<Item = (&'s str, &'s str)> + 's,
    ) -> impl Iterator<Item = ComponentId> + 's {
        labels.filter_map(|label| self.0.get(&label)).flatten().copied()
    }
}
