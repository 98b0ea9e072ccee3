//! The texts of examples: the first visit's is in the page, the others are files that are fetched when somebody asks.

use crate::edge;
use gloo::net::http::Request;
use petri_lessons::Example;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The files that an example applies, in order.
pub type Files = Vec<(&'static str, Rc<str>)>;

thread_local! {
    /// What was fetched: nobody waits for the same text twice.
    static FETCHED: RefCell<BTreeMap<&'static str, Rc<str>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The example and those that it needs, in the order in which they are applied.
fn with_needs(example: &'static Example) -> impl Iterator<Item = &'static Example> {
    example.needs.iter().filter_map(|name| Example::named(name)).chain([example])
}

/// The text of an example, if it is here.
pub fn text(example: &Example) -> Option<Rc<str>> {
    let fetched = || FETCHED.with_borrow(|fetched| fetched.get(example.name).cloned());
    example.text().map(Rc::from).or_else(fetched)
}

/// The files of an example, if all of them are here.
pub fn files(example: &'static Example) -> Option<Files> {
    with_needs(example).map(|example| Some((example.name, text(example)?))).collect()
}

/// Fetches the text of an example if it is not here.
///
/// # Errors
/// It cannot be had: a sentence about why, without the final full stop.
pub async fn fetch(example: &'static Example) -> Result<Rc<str>, String> {
    if let Some(text) = text(example) {
        return Ok(text);
    }
    let text = ask(example).await.map_err(|why| format!("{} could not be fetched: {why}", example.name))?;
    FETCHED.with_borrow_mut(|fetched| fetched.insert(example.name, text.clone()));
    Ok(text)
}

/// Fetches whatever is missing of an example and of those that it needs.
///
/// # Errors
/// As for [`fetch`].
pub async fn fetch_all(example: &'static Example) -> Result<Files, String> {
    let mut files = Files::new();
    for example in with_needs(example) {
        files.push((example.name, fetch(example).await?));
    }
    Ok(files)
}

/// The text of a file of the official documentation, if it is here.
pub fn official(path: &'static str) -> Option<Rc<str>> {
    let fetched = || FETCHED.with_borrow(|fetched| fetched.get(path).cloned());
    petri_lessons::official::text(path).map(Rc::from).or_else(fetched)
}

/// Fetches the text of a file of the official documentation from beside the page.
///
/// # Errors
/// It cannot be had: a sentence about why, without the final full stop.
pub async fn fetch_official(path: &'static str) -> Result<(), String> {
    let parts = edge::parts().ok_or("this page was started without its other parts")?;
    let address = format!("{}official/{path}?v={:016x}", parts.examples, petri_lessons::official::version(path));
    let lost = |_| format!("{path} could not be fetched: there is no connection to where this page came from");
    let response = Request::get(&address).send().await.map_err(lost)?;
    let text = response.text().await.map_err(lost)?;
    if !response.ok() || !petri_lessons::official::is_text(path, &text) {
        return Err(format!("{path} could not be fetched: the server answered with something else"));
    }
    FETCHED.with_borrow_mut(|fetched| fetched.insert(path, text.into()));
    Ok(())
}

async fn ask(example: &Example) -> Result<Rc<str>, String> {
    let parts = edge::parts().ok_or("this page was started without its other parts")?;
    // The file's name stays, its content may change: with the version, no cache pairs this page with an older one.
    let address = format!("{}{}?v={:016x}", parts.examples, example.name, example.version());
    let lost = |_| "there is no connection to where this page came from";
    let response = Request::get(&address).send().await.map_err(lost)?;
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()));
    }
    let text = response.text().await.map_err(lost)?;
    // Some hosts answer with a page of theirs where they have no file, and call that a success.
    if !example.is_text(&text) {
        return Err("the server answered with something else".to_owned());
    }
    Ok(text.into())
}
