//! Which properties a resource type has.

/// A line a type: its name, a colon, and its properties.
const TABLE: &str = include_str!("properties.txt");

/// The properties that CloudFormation or SAM has for a type, in alphabetical order; `None` for a type that evc does not emit.
pub(super) fn of(type_: &str) -> Option<impl Iterator<Item = &'static str>> {
    let properties = TABLE.lines().find_map(|line| line.strip_prefix(type_)?.strip_prefix(": "))?;
    Some(properties.split(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_its_whole_name() {
        assert!(of("AWS::SQS::Queue").is_some_and(|mut known| known.any(|name| name == "VisibilityTimeout")));
        assert!(of("AWS::SQS::QueuePolicy").is_some_and(|known| known.eq(["PolicyDocument", "Queues"])));
        assert!(of("AWS::SQS").is_none() && of("AWS::Neptune::DBCluster").is_none());
    }
}
