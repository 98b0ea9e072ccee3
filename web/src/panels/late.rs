//! What waits for the module's third part: few visits open it.

use crate::edge;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct LateProps {
    /// Makes what is shown. Not its children: they would have to be there before.
    pub content: Callback<(), Html>,
}

/// Shows its content as soon as all of the module is there, which it asks for. Where that cannot be had, the content asks
/// again by itself.
#[component]
pub fn Late(props: &LateProps) -> Html {
    let is_there = use_state_eq(edge::has_third_part);
    {
        let is_there = is_there.clone();
        use_effect_with((), move |()| {
            if !*is_there {
                spawn_local(async move {
                    edge::expect_third_part().await;
                    is_there.set(true);
                });
            }
        });
    }
    if *is_there {
        props.content.emit(())
    } else {
        html! { <i hidden=true /> }
    }
}
