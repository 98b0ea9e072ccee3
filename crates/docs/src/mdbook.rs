//! `petri mdbook`: a preprocessor for mdBook, which writes each fence as the element.
//!
//! ```toml
//! [preprocessor.petri]
//! command = "petri mdbook"
//! # home = "petri/"     where the page lives: a folder of the book, or an address
//! ```
//!
//! mdBook hands over a pair of context and book as JSON and takes the book back. Only the text of chapters is touched, so
//! this needs to know little of its form, and is at home in versions 0.4 and 0.5.

use crate::element::{Home, element, script};
use crate::find;
use serde_json::Value;

/// Where the page lives if the book says nothing: copied into the book's `src`.
const HOME: &str = "petri/";

/// Takes what mdBook hands over, and answers the book with its fences as elements.
///
/// # Errors
/// If it is no pair of context and book.
pub fn preprocess(input: &str) -> Result<String, String> {
    let pair: Value =
        serde_json::from_str(input).map_err(|problem| format!("mdBook's input cannot be read: {problem}"))?;
    let Value::Array(mut pair) = pair else { return Err("mdBook's input is no pair of context and book".into()) };
    let (Some(mut book), Some(context)) = (pair.pop(), pair.pop()) else {
        return Err("mdBook's input is no pair of context and book".into());
    };
    let home = context["config"]["preprocessor"]["petri"]["home"].as_str().unwrap_or(HOME);
    let home = if home.ends_with('/') { home.to_owned() } else { format!("{home}/") };
    chapters(&mut book, &home);
    Ok(book.to_string())
}

/// Every chapter, however deep.
fn chapters(value: &mut Value, home: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| chapters(item, home)),
        Value::Object(map) => {
            let path = map.get("path").and_then(Value::as_str).unwrap_or("").to_owned();
            if let Some(Value::String(content)) = map.get_mut("content") {
                *content = chapter(content, &path, home);
            }
            map.iter_mut().for_each(|(_, inner)| chapters(inner, home));
        }
        _ => {}
    }
}

/// A chapter with its fences as elements, and the script behind them.
fn chapter(text: &str, path: &str, home: &str) -> String {
    let found = find::markdown(text);
    if found.is_empty() {
        return text.to_owned();
    }
    let is_elsewhere = home.contains("://") || home.starts_with('/');
    let home = if is_elsewhere { home.to_owned() } else { "../".repeat(path.matches('/').count()) + home };
    let home = Home(&home);
    let (mut out, mut at) = (String::new(), 0);
    for fence in found {
        out.push_str(&text[at..fence.range.start]);
        out.push_str(&element(&fence.words, &fence.body, &home));
        at = fence.range.end;
        // The line break that ends the block is the document's own.
        if !text[at..].starts_with('\n') {
            out.push('\n');
        }
    }
    out.push_str(&text[at..]);
    format!("{out}\n\n{}\n", script(&home))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn chapters_of_any_depth_get_elements_and_nothing_else_changes() {
        let fence = "A\n\n```petri height=300\nkind: X\n\n? pod/x is gone\n```\n\nB\n";
        let book = json!({ "items": [
            { "Chapter": { "name": "One", "content": "No fence.", "path": "one.md", "sub_items": [
                { "Chapter": { "name": "Two", "content": fence, "path": "deep/two.md", "sub_items": [] } },
            ] } },
            "Separator",
        ], "__non_exhaustive": null });
        let context = json!({ "config": { "preprocessor": { "petri": {} } } });
        let out: Value = serde_json::from_str(&preprocess(&json!([context, book]).to_string()).unwrap()).unwrap();
        let one = &out["items"][0]["Chapter"];
        assert_eq!(one["content"], "No fence.");
        let two = one["sub_items"][0]["Chapter"]["content"].as_str().unwrap();
        assert!(two.starts_with("A\n\n<div><petri-cluster height=\"300\"><pre><code>kind: X&#10;&#10;? pod"), "{two}");
        assert!(two.contains("</petri-cluster></div>\n\nB\n") && two.contains("src=\"../petri/embed.js\""), "{two}");
        assert_eq!(out["items"][1], "Separator");
    }

    #[test]
    fn what_is_no_book_is_told() {
        for input in ["", "{}", "[]", "[1]"] {
            assert!(preprocess(input).is_err(), "{input}");
        }
    }
}
