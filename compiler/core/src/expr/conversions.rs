//! Functions that are evc's own: conversions that fail where a text is not what it is taken for. In a state machine each is a function
//! of JSONata, so that both engines evaluate the same.

/// The function of JSONata that one of evc's own stands for.
pub(super) fn conversion(name: &str) -> Option<&'static str> {
    Some(match name {
        "toUuid" => {
            "function($text) { ($assert($contains($text, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/), \
             'the text is not a UUID'); $text) }"
        }
        // The years that a timestamp can have are 1 to 9999.
        "toTimestamp" => {
            "function($text) { ($time := $toMillis($text); $assert($time >= -62135596800000 and $time < 253402300800000, \
             'the text is not a timestamp'); $fromMillis($time)) }"
        }
        "toDate" => {
            "function($text) { ($time := $toMillis($text); $assert($time >= -62135596800000 and $time < 253402300800000, \
             'the text is not a date'); $fromMillis($time, '[Y0001]-[M01]-[D01]')) }"
        }
        "toOneOf" => {
            "function($text, $of) { ($assert($text in $of, 'the text is none of those that it can be'); $text) }"
        }
        _ => return None,
    })
}
