//! Pages of lists, as the services give them.

use serde_json::{Value, json};

use crate::Refusal;
use crate::stack::whole;

/// How a service asks for pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    /// The parameter with the most entries of a page.
    pub(crate) limit: &'static str,
    /// The parameter that says where to go on.
    pub(crate) token: &'static str,
    /// The field of the answer that says where to go on.
    pub(crate) next: &'static str,
    /// The most entries of a page, and their number if the call does not say.
    pub(crate) most: u64,
    /// The code of the error for a token that the service did not give.
    pub(crate) invalid: &'static str,
}

/// An answer with one page of a list, in this field, and where to go on if there is more.
pub(crate) fn page(body: &Value, paging: Paging, field: &str, mut entries: Vec<Value>) -> Result<Value, Refusal> {
    let Paging { limit, token, next, most, invalid } = paging;
    let invalid = || Refusal::new(invalid, format!("The value of {token} is not valid."));
    let from: usize = match body.get(token).filter(|it| !it.is_null()) {
        Some(token) => token.as_str().and_then(|it| it.parse().ok()).ok_or_else(invalid)?,
        None => 0,
    };
    if from > entries.len() {
        return Err(invalid());
    }
    let size = match body.get(limit).filter(|it| !it.is_null()) {
        Some(asked) => match whole(asked) {
            // Step Functions takes 0 for its own number.
            Some(0) => most,
            Some(asked) => asked.min(most),
            None => return Err(Refusal::invalid(format!("{limit} is a number from 1 to {most}, found {asked}"))),
        },
        None => most,
    };
    let mut page = entries.split_off(from);
    let rest = page.len().min(usize::try_from(size).unwrap_or(usize::MAX));
    let more = page.len() > rest;
    page.truncate(rest);
    let mut answer = json!({ field: page });
    if more {
        answer[next] = json!((from + rest).to_string());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGING: Paging =
        Paging { limit: "Limit", token: "NextToken", next: "NextToken", most: 3, invalid: "InvalidNextToken" };

    #[test]
    fn a_list_is_read_page_by_page() {
        let list = |body: Value| page(&body, PAGING, "Rules", (0..5).map(|it| json!(it)).collect());
        assert_eq!(list(json!({})), Ok(json!({ "Rules": [0, 1, 2], "NextToken": "3" })));
        assert_eq!(list(json!({ "NextToken": "3" })), Ok(json!({ "Rules": [3, 4] })));
        assert_eq!(list(json!({ "Limit": 1, "NextToken": "1" })), Ok(json!({ "Rules": [1], "NextToken": "2" })));
        for token in ["x", "6", "-1"] {
            assert_eq!(list(json!({ "NextToken": token })).expect_err(token).code, "InvalidNextToken");
        }
    }
}
