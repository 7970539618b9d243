//! The few signs on buttons, drawn so that no font has to have them.

use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Play,
    Pause,
    Next,
    Previous,
    Start,
    Minus,
    Plus,
    Contrast,
    Keyboard,
    Share,
    Close,
    Table,
    Up,
    Down,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Icon::Play => "M4.5 2.8v10.4c0 .6.7 1 1.2.7l8-5.2c.5-.3.5-1 0-1.4l-8-5.2c-.5-.3-1.2 0-1.2.7z",
            Icon::Pause => "M4 2.5h2.8v11H4zM9.2 2.5H12v11H9.2z",
            Icon::Next => "M3 3.2v9.6c0 .5.6.8 1 .5l6-4.8V13h2V3h-2v4.5L4 2.7c-.4-.3-1 0-1 .5z",
            Icon::Previous => "M13 3.2v9.6c0 .5-.6.8-1 .5L6 8.5V13H4V3h2v4.5l6-4.8c.4-.3 1 0 1 .5z",
            Icon::Start => "M2 3h2v10H2zM9 3.5v9L4.4 8zM14 3.5v9L9.4 8z",
            Icon::Minus => "M3 7.2h10v1.6H3z",
            Icon::Plus => "M7.2 3h1.6v4.2H13v1.6H8.8V13H7.2V8.8H3V7.2h4.2z",
            Icon::Contrast => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm0 1.6v9.8a4.9 4.9 0 0 1 0-9.8z",
            Icon::Keyboard => {
                "M1.5 4h13v8.5h-13zM3 5.4v5.7h10V5.4zM4 6.3h1.3v1.3H4zm2.2 0h1.3v1.3H6.2zm2.2 0h1.3v1.3H8.4zm2.3 0H12v1.3h-1.3zM4.8 8.8h6.4v1.3H4.8z"
            }
            Icon::Share => {
                "M12 10.3c-.6 0-1.1.2-1.5.6L6 8.4a2 2 0 0 0 0-.8l4.4-2.5a2.1 2.1 0 1 0-.7-1.5v.4L5.3 6.5a2.1 2.1 0 1 0 0 3l4.5 2.6v.3a2.1 2.1 0 1 0 2.2-2.1z"
            }
            Icon::Close => "M4 2.9 8 7l4-4.1 1.1 1.1L9 8l4.1 4-1.1 1.1L8 9l-4 4.1L2.9 12 7 8 2.9 4z",
            Icon::Table => "M2 3h12v10H2zm1.4 3.4v2h3.9v-2zm5.3 0v2h3.9v-2zM3.4 9.7v2h3.9v-2zm5.3 0v2h3.9v-2z",
            Icon::Up => "M8 3l5 5.1-1.1 1.1L8.8 6v7H7.2V6L4.1 9.2 3 8.1z",
            Icon::Down => "M8 13 3 7.9l1.1-1.1L7.2 10V3h1.6v7l3.1-3.2L13 7.9z",
        }
    }
}

/// Decoration only: whoever uses it names the button.
pub fn icon(icon: Icon) -> Html {
    html! {
        <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path fill="currentColor" fill-rule="evenodd" d={icon.path()} /></svg>
    }
}

/// Three shards in a tank.
pub fn brand() -> Html {
    html! {
        <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d="M12 1.6 22 12 12 22.4 2 12z" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linejoin="round" />
            <path d="M12 5.4 15.2 8.8 12 12.2 8.8 8.8z" style="fill:var(--shard-0)" />
            <path d="M8.3 9.7 11.5 13.1 8.3 16.5 5.1 13.1z" style="fill:var(--shard-1)" />
            <path d="M15.7 9.7 18.9 13.1 15.7 16.5 12.5 13.1z" style="fill:var(--shard-2)" />
        </svg>
    }
}
