//! The names of keys. All keys of an execution have one hash tag, that of its partition: in a cluster they are in one slot.

use crate::protocol::{ExecutionId, Slot, TIMEOUT};

/// Into how many parts a namespace is split.
pub const PARTITIONS: u16 = 256;

/// Between the parts of a member of the due set or a ready list: in no execution's name.
const SEPARATOR: char = '\u{1f}';

/// Names the keys of a namespace: by default a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Keys {
    namespace: String,
    partitions: u16,
}

impl Keys {
    /// Keys of this namespace, in [`PARTITIONS`] parts. A namespace that would spoil the hash tag has its braces replaced.
    pub fn new(namespace: &str) -> Self {
        Self { namespace: namespace.replace(['{', '}'], "_"), partitions: PARTITIONS }
    }

    /// Another number of parts: for programs that poll them, such as benchmarks. All who use a namespace must agree.
    #[must_use]
    pub fn with_partitions(mut self, partitions: u16) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// How many parts there are.
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The part that an execution is in: FNV-1a, 64 bits, of its id.
    pub fn partition(&self, execution: &ExecutionId) -> u16 {
        let hash = fnv(execution.0.as_bytes());
        u16::try_from(hash % u64::from(self.partitions)).unwrap_or(0)
    }

    /// The key of something beside workflows.
    pub fn beside(&self, what: &str) -> String {
        format!("evc:{{{}.{}}}", self.namespace, what.replace(['{', '}'], "_"))
    }
}

#[cfg(feature = "redis")]
impl Keys {
    pub(crate) fn execution(&self, id: &ExecutionId) -> String {
        format!("{}x:{}", self.prefix(self.partition(id)), id.0)
    }

    pub(crate) fn due(&self, partition: u16) -> String {
        format!("{}due", self.prefix(partition))
    }

    pub(crate) fn all(&self, partition: u16) -> String {
        format!("{}all", self.prefix(partition))
    }

    pub(crate) fn done(&self, partition: u16) -> String {
        format!("{}done", self.prefix(partition))
    }

    /// Until when ends of executions were counted.
    pub(crate) fn counted(&self, partition: u16) -> String {
        format!("{}counted", self.prefix(partition))
    }

    pub(crate) fn ready(&self, partition: u16, function: &str) -> String {
        format!("{}ready:{function}", self.prefix(partition))
    }

    pub(crate) fn definition(&self, id: &str) -> String {
        format!("evc:{{{}.definitions}}:{id}", self.namespace)
    }

    /// Until when definitions are kept: in the slot of all of them. No definition has this id.
    pub(crate) fn kept(&self) -> String {
        self.definition("")
    }

    fn prefix(&self, partition: u16) -> String {
        format!("evc:{{{}.{partition}}}:", self.namespace)
    }
}

/// 64 bits of FNV-1a: <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What all members of an execution begin with, in the due set and in ready lists.
pub(crate) fn member_prefix(execution: &ExecutionId) -> String {
    format!("{}{SEPARATOR}", execution.0)
}

/// A slot as it is written in members and fields.
pub(crate) fn slot_name(slot: Slot) -> String {
    if slot == TIMEOUT { "T".to_owned() } else { slot.to_string() }
}

/// The execution and the slot of a member of the due set.
pub(crate) fn parse_member(member: &str) -> Option<(ExecutionId, Slot)> {
    let (execution, slot) = member.rsplit_once(SEPARATOR)?;
    let slot = if slot == "T" { TIMEOUT } else { slot.parse().ok()? };
    Some((ExecutionId(execution.to_owned()), slot))
}

/// What a ready list holds: execution, slot and fencing token. The function is in the key.
#[cfg(feature = "redis")]
pub(crate) fn ready_entry(execution: &ExecutionId, slot: Slot, seq: u64) -> String {
    format!("{}{SEPARATOR}{slot}{SEPARATOR}{seq}", execution.0)
}

/// The parts of such an entry.
#[cfg(feature = "redis")]
pub(crate) fn parse_ready(entry: &str) -> Option<(ExecutionId, Slot, u64)> {
    let (rest, seq) = entry.rsplit_once(SEPARATOR)?;
    let (execution, slot) = rest.rsplit_once(SEPARATOR)?;
    Some((ExecutionId(execution.to_owned()), slot.parse().ok()?, seq.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_an_execution_have_one_hash_tag() {
        let keys = Keys::new("shop{1}");
        let id = ExecutionId::new("fulfil", "a");
        let partition = keys.partition(&id);
        let tag = format!("evc:{{shop_1_.{partition}}}:");
        for key in [keys.execution(&id), keys.done(partition), keys.due(partition), keys.ready(partition, "f")] {
            assert!(key.starts_with(&tag), "{key}");
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // Vectors of the page.
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn members_read_back() {
        let id = ExecutionId::new("w", "n");
        for slot in [0, 7, TIMEOUT] {
            let member = member_prefix(&id) + &slot_name(slot);
            assert_eq!(parse_member(&member), Some((id.clone(), slot)));
        }
    }
}
