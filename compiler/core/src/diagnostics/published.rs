//! Where the book of the documents is published, and with it the page of each code.

use super::Code;

/// The address of the published book, as the variable `EVC_DOCS_URL` says it when evc is built. None by default: then nothing links to
/// pages, and `evc explain` is named instead. `cargo xtask docs` makes the book, with a page for each code below `codes/`.
const BOOK: &str = match option_env!("EVC_DOCS_URL") {
    Some(address) => address,
    None => "",
};

impl Code {
    /// The address of its published page; `None` for an evc that was built without one.
    pub fn url(self) -> Option<String> {
        page_in(BOOK, self)
    }
}

/// The page of a code in the book at this address; `None` without an address.
fn page_in(book: &str, code: Code) -> Option<String> {
    (!book.is_empty()).then(|| format!("{}/codes/{code}.html", book.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_an_address_if_the_book_has_one() {
        assert_eq!(page_in("", Code::EVC0101), None);
        for book in ["https://docs.example/evc", "https://docs.example/evc/"] {
            let page = page_in(book, Code::EVC0101);
            assert_eq!(page.as_deref(), Some("https://docs.example/evc/codes/EVC0101.html"));
        }
    }
}
