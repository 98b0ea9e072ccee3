//! What a writer pastes into a page to have the run at hand there, and how it will look.

use crate::edge;
use html_escape::encode_double_quoted_attribute as quoted;
use petri_lessons::fence::in_address;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The height that embeds have if nobody says otherwise.
const HEIGHT: u32 = 420;

/// In which form it is pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Fence,
    Element,
    Frame,
}

impl Form {
    const ALL: [Form; 3] = [Form::Fence, Form::Element, Form::Frame];

    fn word(self) -> &'static str {
        match self {
            Form::Fence => "Markdown",
            Form::Element => "HTML",
            Form::Frame => "Frame",
        }
    }
    fn about(self) -> &'static str {
        match self {
            Form::Fence => "The page needs embed.js once, or its tool one of the plugins beside it.",
            Form::Element => "Nothing is fetched before a reader presses Start.",
            Form::Frame => "Where a page takes no scripts. It is loaded as soon as it is seen.",
        }
    }
}

/// The address of the page as a part of another one.
fn embedded(page: &str, fragment: &str, title: &str) -> String {
    let title = in_address(title);
    let title = if title.is_empty() { title } else { format!("&title={title}") };
    format!("{page}?embed{title}#{fragment}")
}

/// The text to paste: `page` is the address of Petri, `fragment` the run.
fn snippet(form: Form, page: &str, fragment: &str, title: &str) -> String {
    let folder = page.rsplit_once('/').map_or(page, |(folder, _)| folder);
    match form {
        Form::Fence => {
            let title = title.replace(['"', '`', '\n'], "'");
            let title = if title.is_empty() { title } else { format!(" title=\"{title}\"") };
            format!("```petri height={HEIGHT}{title}\n{page}#{fragment}\n```\n")
        }
        Form::Element => {
            let shown = if title.is_empty() { "This cluster" } else { title };
            let titled = if title.is_empty() { String::new() } else { format!(" title=\"{}\"", quoted(title)) };
            format!(
                "<script type=\"module\" src=\"{}/embed.js\"></script>\n<petri-cluster height=\"{HEIGHT}\"{titled} recording=\"{}\">\n  <a href=\"{}\">{} in Petri</a>\n</petri-cluster>\n",
                quoted(folder),
                quoted(fragment),
                quoted(&format!("{page}#{fragment}")),
                quoted(shown),
            )
        }
        Form::Frame => format!(
            "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"{HEIGHT}\" loading=\"lazy\"></iframe>\n",
            quoted(&embedded(page, fragment, title)),
            quoted(if title.is_empty() { "Petri" } else { title }),
        ),
    }
}

#[derive(PartialEq, Properties)]
pub struct SnippetProps {
    /// The run, as a part of an address.
    pub fragment: String,
}

#[component]
pub fn Snippet(props: &SnippetProps) -> Html {
    let form = use_state_eq(|| Form::Fence);
    let title = use_state_eq(String::new);
    let shows = use_state_eq(|| false);
    let said = use_state_eq(|| "");
    let page = use_memo((), |()| {
        let location = gloo::utils::window().location();
        location.origin().unwrap_or_default() + &location.pathname().unwrap_or_default()
    });
    let text = snippet(*form, &page, &props.fragment, &title);
    let one = |each: Form| {
        let (is_on, form) = (*form == each, form.setter());
        html! {
            <button key={each.word()} class={classes!(is_on.then_some("on"))} aria-pressed={is_on.to_string()} data-form={each.word()}
                onclick={move |_: MouseEvent| form.set(each)}>{ each.word() }</button>
        }
    };
    let oninput = {
        let title = title.setter();
        move |event: InputEvent| title.set(event.target_unchecked_into::<HtmlInputElement>().value())
    };
    let copies = {
        let (text, said) = (text.clone(), said.setter());
        Callback::from(move |_: MouseEvent| {
            let said = said.clone();
            edge::copy(text.clone(), move |copied| {
                said.set(if copied { "Snippet copied." } else { "The browser refused: select the text and copy it." });
            });
        })
    };
    let turns = {
        let (shows, now) = (shows.setter(), *shows);
        move |_: MouseEvent| shows.set(!now)
    };
    html! {
        <>
            <div class="row"><div class="seg" role="group" aria-label="Form">{ for Form::ALL.into_iter().map(one) }</div>
                <input id="embed-title" class="field" placeholder="Title" aria-label="Title" maxlength="120" {oninput} />
            </div>
            <textarea id="share-snippet" class="field mono" readonly=true rows="5" aria-label="Snippet" value={text} />
            <p>{ form.about() }</p>
            <div class="row">
                <button class="btn" id="copy-snippet" onclick={copies}>{ "Copy the snippet" }</button>
                <button class="btn" id="preview-snippet" aria-pressed={shows.to_string()} onclick={turns}>{ "Preview" }</button>
                <span role="status">{ *said }</span>
            </div>
            if *shows {
                <iframe class="preview" title="Preview" height={HEIGHT.to_string()} src={embedded(&page, &props.fragment, &title)}></iframe>
            }
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_lessons::fence::{Beginning, Fence};

    const PAGE: &str = "https://a.b/petri/index.html";

    #[test]
    fn the_fence_is_one_that_opens_the_run() {
        let text = snippet(Form::Fence, PAGE, "r=1abc", "A \"quiet\" node");
        let (first, rest) = text.split_once('\n').expect("a fence has lines");
        let fence = Fence::read(first.trim_start_matches("```petri"), rest.trim_end_matches("```\n"));
        assert_eq!(fence.problems, []);
        assert_eq!(fence.beginning, Beginning::Recording("r=1abc".into()));
        assert_eq!(fence.attributes.title.as_deref(), Some("A 'quiet' node"));
        assert_eq!(fence.attributes.height, Some(HEIGHT));
    }

    #[test]
    fn the_element_finds_its_script_and_says_where_it_leads_without_one() {
        let text = snippet(Form::Element, PAGE, "r=1abc", "<One> & two");
        for part in [
            "src=\"https://a.b/petri/embed.js\"",
            "recording=\"r=1abc\"",
            "title=\"&lt;One&gt; &amp; two\"",
            "<a href=\"https://a.b/petri/index.html#r=1abc\">",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn the_frame_is_asked_for_as_an_embed() {
        let text = snippet(Form::Frame, PAGE, "r=1abc", "A node");
        assert!(text.contains("src=\"https://a.b/petri/index.html?embed&amp;title=A%20node#r=1abc\""), "{text}");
        let embedded = crate::embedding::Embedded::of("?embed&title=A%20node").expect("it says embed");
        assert_eq!(embedded.attributes.title.as_deref(), Some("A node"));
    }
}
