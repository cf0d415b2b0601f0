//! Every declared thing with its place in the spec: what `allow:` applies to.

use super::{Head, Model};

impl Model {
    /// The path of each thing, such as `functions.notify`, with its head.
    pub fn heads(&self) -> Vec<(String, &Head)> {
        let mut heads = Vec::new();
        let mut add = |section: &str, head| {
            let head: &Head = head;
            heads.push((format!("{section}.{}", head.name), head));
        };
        self.buses.values().for_each(|item| add("buses", &item.head));
        self.events.values().for_each(|item| add("events", &item.head));
        self.tables.values().for_each(|item| add("tables", &item.head));
        self.outboxes.values().for_each(|item| add("outboxes", &item.head));
        self.functions.values().for_each(|item| add("functions", &item.head));
        self.caches.values().for_each(|item| add("caches", &item.head));
        self.networks.values().for_each(|item| add("networks", &item.head));
        let declared = self.apis.values().filter(|api| api.declared);
        declared.for_each(|item| add("apis", &item.head));
        self.rules.values().for_each(|item| add("rules", &item.head));
        self.queues.values().for_each(|item| add("queues", &item.head));
        self.schedules.values().for_each(|item| add("schedules", &item.head));
        self.workflows.values().for_each(|item| add("workflows", &item.head));
        heads
    }
}
