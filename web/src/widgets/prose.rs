//! Texts of lessons: paragraphs, lists and lines to be typed, with `code` and *emphasis* in them. They hold no markup.

use kvarium_lessons::Block;
use yew::prelude::*;

/// A text with its marks: `code` between backticks, and *emphasis* between asterisks, outside of code.
pub fn prose(text: &str) -> Html {
    let part = |(at, part): (usize, &str)| {
        if at % 2 == 1 {
            return html! { <code>{ part.to_owned() }</code> };
        }
        part.split('*')
            .enumerate()
            .map(|(at, part)| {
                if at % 2 == 1 {
                    html! { <em>{ part.to_owned() }</em> }
                } else {
                    html! { { part.to_owned() } }
                }
            })
            .collect()
    };
    text.split('`').enumerate().map(part).collect()
}

/// Blocks one below the other. Each line of code can be taken over: `insert` says so, and `on_insert` is told the line.
pub fn blocks(blocks: &[Block], insert: &'static str, on_insert: &Callback<String>) -> Html {
    let block = |block: &Block| match block {
        Block::Paragraph(text) => html! { <p>{ prose(text) }</p> },
        Block::Item(text) => html! { <p class="item">{ prose(text) }</p> },
        Block::Code(lines) => {
            html! { <div class="lines">{ for lines.lines().map(|text| line(text, insert, on_insert)) }</div> }
        }
    };
    blocks.iter().map(block).collect()
}

fn line(text: &str, insert: &'static str, on_insert: &Callback<String>) -> Html {
    let onclick = {
        let text = text.to_owned();
        on_insert.reform(move |_: MouseEvent| text.clone())
    };
    html! {
        <button type="button" class="line mono" title={insert} {onclick}><span>{ text.to_owned() }</span><span class="hidden-text">{ format!(" ({insert})") }</span></button>
    }
}
