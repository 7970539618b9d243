//! The frame of the page around the stage: header, terminal, events, dialogs, and the keys that work everywhere.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use kvarium_engine::world::console::Stream;

use crate::catalogue::{Language, Words};
use crate::console::completion::suggest;
use crate::consoles::Tab;
use crate::lessons::LessonChange;
use crate::lessons::pane::pane;
use crate::panels::{INSPECTOR, PANELS};
use crate::share::to_fragment;
use crate::store::{
    Banner, Change, ConsoleChange, DialogKind, Lower, Named, PRESETS, Route, Sheet, Splitter as Split, Store, Theme,
    View,
};
use crate::widgets::dialog::Dialog;
use crate::widgets::event_list::EventList;
use crate::widgets::icon::{Icon, brand, icon};
use crate::widgets::splitter::Splitter;
use crate::widgets::state::use_value;
use crate::widgets::tabs::{self, Tabs};
use crate::widgets::terminal::Terminal;
use crate::widgets::timeline::{Timeline, Transport};

/// A link longer than this may not survive a chat program, in characters.
const LONG_LINK: usize = 8000;

pub fn header(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    let link = |href: String, name: &'static str, here: bool| {
        html! { <a class="button plain" {href} aria-current={here.then_some("page")}>{ name }</a> }
    };
    let preset =
        |&(id, name): &(&'static str, Named)| link(format!("#/lab/{id}"), name(words), store.route == Route::Lab(id));
    let dialog = |kind: DialogKind, name: &'static str, sign: Icon, text: bool| {
        let onclick = view.changing(move |_: MouseEvent| Change::Show(Some(kind)));
        html! {
            <button type="button" class={classes!("button", "plain", (!text).then_some("not-phone"))} title={name} aria-label={name} {onclick}>
                { icon(sign) }
                if text { <span class="wide">{ name }</span> }
            </button>
        }
    };
    html! {
        <header class="header">
            <a class="brand" href="#/" aria-label={format!("kvarium: {}", words.home())}>{ brand() }<span class="text">{ "kvarium" }</span></a>
            <nav aria-label={words.scenario()}>
                { link("#/learn".to_owned(), words.lessons(), matches!(store.route, Route::Lessons | Route::Lesson(_))) }
                { for PRESETS.iter().map(preset) }
            </nav>
            <div class="end">
                { language_switch(view, words) }
                { theme_switch(view, words, store.theme) }
                if !matches!(store.route, Route::Home | Route::Lessons) {
                    { dialog(DialogKind::Keyboard, words.keyboard(), Icon::Keyboard, false) }
                    { dialog(DialogKind::Share, words.share(), Icon::Share, true) }
                }
            </div>
        </header>
    }
}

fn language_switch(view: &View, words: Words) -> Html {
    let other = if words.0 == Language::En { Language::Zh } else { Language::En };
    let onclick = view.changing(move |_: MouseEvent| Change::Language(other));
    html! { <button type="button" class="button plain" lang={other.tag()} {onclick}>{ other.name() }</button> }
}

fn theme_switch(view: &View, words: Words, theme: Theme) -> Html {
    let (next, name) = match theme {
        Theme::Auto => (Theme::Dark, words.theme_auto()),
        Theme::Dark => (Theme::Light, words.theme_dark()),
        Theme::Light => (Theme::Auto, words.theme_light()),
    };
    let onclick = view.changing(move |_: MouseEvent| Change::Theme(next));
    let label = format!("{}: {name}", words.theme());
    html! { <button type="button" class="button plain" title={label.clone()} aria-label={label} {onclick}>{ icon(Icon::Contrast) }</button> }
}

/// Stage, inspector, terminal, events and timeline.
pub fn laboratory(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    let resize = |which: Split| view.changing(move |to: i32| Change::Resize(which, to));
    let sheet = match store.sheet {
        Sheet::Peek => "peek",
        Sheet::Half => "half",
        Sheet::Full => "full",
    };
    let next_sheet = match store.sheet {
        Sheet::Peek => Sheet::Half,
        Sheet::Half => Sheet::Full,
        Sheet::Full => Sheet::Peek,
    };
    let sizes = format!(
        "--inspector-width:{}px;--lower-height:{}px;--events-width:{}px",
        store.inspector_width, store.lower_height, store.events_width
    );
    let lower = match store.lower {
        Lower::Lesson if store.lessons.open.is_some() => "lesson",
        Lower::Lesson | Lower::Terminal => "terminal",
        Lower::Events => "events",
    };
    html! {
        <div class="lab">
            <a class="skip" href="#command" onclick={Callback::from(|event: MouseEvent| { event.prevent_default(); focus("#command"); })}>{ words.skip() }</a>
            <div>{ header(view) }{ banner(view, &store) }</div>
            <main class={classes!("panes", store.lessons.open.is_some().then_some("with-lesson"))} style={sizes} data-sheet={sheet} data-show={lower}>
                if let Some(open) = &store.lessons.open {
                    { pane(view, &store, open) }
                }
                { stage(view, &store) }
                <Splitter class="split-inspector" label={words.resize(words.inspector())} columns=true value={store.inspector_width} min={280} max={640} on_change={resize(Split::Inspector)} />
                <section class="pane pane-inspector" aria-label={words.inspector()}>
                    <div class="pane-head"><span class="pane-title">{ words.inspector() }</span></div>
                    <div class="pane-body">{ (INSPECTOR.show)(view.clone()) }</div>
                </section>
                <Splitter class="split-lower" label={words.resize(words.terminal())} columns=false value={store.lower_height} min={140} max={560} on_change={resize(Split::Lower)} />
                <button type="button" class="sheet-handle" aria-label={words.sheet()} onclick={view.changing(move |_: MouseEvent| Change::Sheet(next_sheet))} />
                <div class="lower" data-show={lower}>
                    { terminal_pane(view, &store) }
                    <Splitter label={words.resize(words.events())} columns=true value={store.events_width} min={240} max={900} on_change={resize(Split::Events)} />
                    { events_pane(view, &store) }
                </div>
            </main>
            { timeline(view, &store, false) }
        </div>
    }
}

fn stage(view: &View, store: &Store) -> Html {
    let words = store.words();
    let tabs: Vec<_> = store
        .panels()
        .map(|panel| tabs::Tab {
            id: panel.id.into(),
            name: (panel.name)(words).into(),
            class: if panel.id == INSPECTOR.id { classes!("only-narrow") } else { classes!() },
        })
        .collect();
    let panel = store.panel();
    let has_figure =
        ["topology", "slots", "streams"].contains(&panel.id) || panel.id == "keyspace" && store.opened.is_some();
    let twin = if store.as_table { words.as_figure() } else { words.as_table() };
    html! {
        <section class="pane pane-stage" aria-label={words.stage()}>
            <div class="pane-head">
                <Tabs label={words.panels()} {tabs} selected={panel.id} controls="stage-body" on_select={view.changing(Change::Tab)} />
                <span class="end">
                    if has_figure {
                        <button type="button" class="button plain" aria-pressed={store.as_table.to_string()} title={format!("{twin} (T)")} aria-label={words.as_table()}
                            onclick={view.changing(|_: MouseEvent| Change::Table)}>{ icon(Icon::Table) }<span class="wide">{ words.as_table() }</span></button>
                    }
                </span>
            </div>
            <div class="stage-body" id="stage-body" role="tabpanel" aria-label={(panel.name)(words)}>{ (panel.show)(view.clone()) }</div>
        </section>
    }
}

/// What the lower part of a small screen shows.
pub fn lower_choice(view: &View, store: &Store) -> Html {
    let words = store.words();
    let choose = |to: Lower, name: &'static str| {
        let onclick = view.changing(move |_: MouseEvent| Change::Lower(to));
        html! { <button type="button" class="button" aria-pressed={(store.lower == to).to_string()} {onclick}>{ name }</button> }
    };
    html! {
        <span class="choice lower-choice" role="group" aria-label={words.lower_panes()}>
            if store.lessons.open.is_some() {
                <span class="only-phone">{ choose(Lower::Lesson, words.lesson()) }</span>
            }
            { choose(Lower::Terminal, words.terminal()) }
            { choose(Lower::Events, words.events()) }
        </span>
    }
}

fn terminal_pane(view: &View, store: &Store) -> Html {
    let words = store.words();
    html! {
        <section class="pane pane-terminal" aria-label={words.terminal()}>
            <div class="pane-head">
                { lower_choice(view, store) }
                <span class="pane-title lower-title">{ words.terminal() }</span>
                { connections(view, store) }
                { terminal_options(view, store) }
            </div>
            { terminal(view, store, "command".into(), false) }
        </section>
    }
}

/// The terminal itself, as the laboratory and embedded figures have it.
pub fn terminal(view: &View, store: &Store, id: AttrValue, readonly: bool) -> Html {
    let words = store.words();
    let suggesting = view.clone();
    let suggest = Callback::from(move |line: String| suggest(&line, &*suggesting.read()));
    let stream: Option<AttrValue> = match store.consoles.tab().stream(store.lab()) {
        Stream::Nothing => None,
        Stream::Subscribed(channels) => Some(words.subscribed(words.count_channels(channels)).into()),
        Stream::Monitoring => Some(words.monitoring().into()),
    };
    html! {
        <Terminal {words} {id} exchanges={store.consoles.shown(store.lab(), &store.heard, words)} prompt={store.consoles.prompt(store.lab())} history={store.consoles.history()}
            {readonly} {suggest} on_line={view.changing(Change::Type)} on_leave={view.changing(|()| Change::Leave)} {stream}
            inserted={store.inserted.clone()} welcome={words.welcome()} />
    }
}

fn connections(view: &View, store: &Store) -> Html {
    let words = store.words();
    let consoles = &store.consoles;
    let nodes = store.lab().nodes();
    let on_node = view.changing(|event: Event| {
        Change::Console(ConsoleChange::Node(event.target_unchecked_into::<HtmlSelectElement>().value()))
    });
    let tab = |(at, tab): (usize, &Tab)| {
        let onclick = view.changing(move |_: MouseEvent| Change::Console(ConsoleChange::Choose(at)));
        html! {
            <button type="button" class="button" aria-pressed={(at == consoles.chosen).to_string()} aria-label={words.connection(tab.id)} {onclick}>{ tab.id }</button>
        }
    };
    let closing = consoles.chosen;
    html! {
        <>
            if nodes.len() > 1 {
                <label><span class="hidden-text">{ words.choose_node() }</span>
                    <select class="field" onchange={on_node}>
                        { for nodes.iter().map(|node| html! { <option value={node.clone()} selected={*node == consoles.tab().node}>{ node.clone() }</option> }) }
                    </select>
                </label>
            }
            <span class="choice" role="group" aria-label={words.terminal()}>
                { for consoles.tabs.iter().enumerate().map(tab) }
                <button type="button" class="button" aria-label={words.new_tab()} title={words.new_tab()} onclick={view.changing(|_: MouseEvent| Change::Console(ConsoleChange::Open))}>{ "+" }</button>
                if consoles.tabs.len() > 1 {
                    <button type="button" class="button" aria-label={words.close_tab()} title={words.close_tab()}
                        onclick={view.changing(move |_: MouseEvent| Change::Console(ConsoleChange::Close(closing)))}>{ "×" }</button>
                }
            </span>
        </>
    }
}

fn terminal_options(view: &View, store: &Store) -> Html {
    let words = store.words();
    let tab = store.consoles.tab();
    let switch = |name: &'static str, short: &'static str, on: bool, change: fn(bool) -> ConsoleChange| {
        let onclick = view.changing(move |_: MouseEvent| Change::Console(change(!on)));
        html! { <button type="button" class="button plain mono" aria-pressed={on.to_string()} title={name} {onclick}><span aria-hidden="true">{ short }</span><span class="hidden-text">{ name }</span></button> }
    };
    html! {
        <span class="end" role="group" aria-label={words.options()}>
            if store.is_cluster() {
                { switch(words.follow(), "-c", tab.follow, ConsoleChange::Follow) }
            }
            { switch(words.resp3(), "-3", tab.resp3, ConsoleChange::Resp3) }
            { switch(words.raw(), "\\r\\n", store.consoles.raw, ConsoleChange::Raw) }
            { switch(words.readable(), "Aä", store.consoles.readable, ConsoleChange::Readable) }
        </span>
    }
}

fn events_pane(view: &View, store: &Store) -> Html {
    let words = store.words();
    let choose = |only: bool, name: &'static str| {
        let onclick = view.changing(move |_: MouseEvent| Change::Important(only));
        html! { <button type="button" class="button" aria-pressed={(store.important_only == only).to_string()} {onclick}>{ name }</button> }
    };
    let on_filter =
        view.changing(|event: InputEvent| Change::Filter(event.target_unchecked_into::<HtmlInputElement>().value()));
    html! {
        <section class="pane pane-events" aria-label={words.events()}>
            <div class="pane-head">
                { lower_choice(view, store) }
                <span class="pane-title lower-title">{ words.events() }</span>
                <span class="end">
                    <span class="choice" role="group" aria-label={words.events()}>{ choose(true, words.important()) }{ choose(false, words.all()) }</span>
                    <input class="field filter" type="search" aria-label={words.filter_events()} placeholder={words.filter_events()} value={store.filter.clone()} oninput={on_filter} />
                </span>
            </div>
            <EventList {words} rows={store.log().0} />
        </section>
    }
}

pub fn timeline(view: &View, store: &Store, small: bool) -> Html {
    let lab = store.lab();
    let seconds = |span: kvarium_engine::base::time::Duration| span.micros() as f64 / 1e6;
    html! {
        <Timeline words={store.words()} playing={store.is_playing()} now={seconds(lab.now())} end={seconds(lab.history().end())} speed={store.speed_text()} marks={store.log().1}
            branches={lab.branches()} branch={lab.history().branch()} seed={lab.history().seed().to_string()} {small} on_transport={view.changing(Change::Transport)} />
    }
}

fn banner(view: &View, store: &Store) -> Html {
    let words = store.words();
    let text = match &store.banner {
        None => return Html::default(),
        Some(Banner::Shared { actions, hash }) => {
            let (shared, trace) =
                (words.shared(words.count_actions(*actions)), words.hash_of_trace(format!("{hash:016x}")));
            format!("{shared} {trace}, {}", words.engine_version(env!("CARGO_PKG_VERSION")))
        }
        Some(Banner::BadLink(why)) => words.bad_script(why),
    };
    html! {
        <div class="banner" role="status"><span>{ text }</span>
            <button type="button" class="button plain" aria-label={words.close()} onclick={view.changing(|_: MouseEvent| Change::DismissBanner)}>{ icon(Icon::Close) }</button>
        </div>
    }
}

// Dialogs.

pub fn dialog(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    let on_close = view.changing(|()| Change::Show(None));
    match store.dialog {
        None => Html::default(),
        Some(DialogKind::Keyboard) => {
            html! { <Dialog title={words.keyboard_title()} close={words.close()} {on_close}>{ keyboard_map(words) }</Dialog> }
        }
        Some(DialogKind::Share) => {
            html! { <Dialog title={words.share_title()} close={words.close()} {on_close}><Sharing view={view.clone()} /></Dialog> }
        }
    }
}

fn keyboard_map(words: Words) -> Html {
    let keys: [(&[&str], &str); 18] = [
        (&["Space"], words.play()),
        (&["."], words.next_event()),
        (&[","], words.previous_event()),
        (&["["], words.slower()),
        (&["]"], words.faster()),
        (&["Home"], words.to_start()),
        (&["1", "…", "6"], words.keys_tabs()),
        (&["T"], words.keys_table()),
        (&["/"], words.keys_command()),
        (&["F"], words.keys_faults()),
        (&["←", "→"], words.keys_select()),
        (&["N", "P"], words.keys_steps()),
        (&["H"], words.keys_hint()),
        (&["G"], words.goals()),
        (&["F6"], words.keys_cycle()),
        (&["Tab"], words.complete()),
        (&["Ctrl", "R"], words.searching()),
        (&["?"], words.keys_help()),
    ];
    let row = |(keys, name): &(&[&str], &str)| {
        html! { <div><dt>{ *name }</dt><dd>{ for keys.iter().map(|key| html! { <>{ " " }<kbd>{ *key }</kbd></> }) }</dd></div> }
    };
    html! { <dl class="keys">{ for keys.iter().map(row) }</dl> }
}

#[derive(Properties, PartialEq)]
struct SharingProps {
    view: View,
}

#[component]
fn Sharing(props: &SharingProps) -> Html {
    let copied = use_value(false);
    let store = props.view.read();
    let words = store.words();
    let script = store.lab().script();
    let fragment = use_value(None::<String>);
    {
        let fragment = fragment.clone();
        use_effect_with(script.clone(), move |script| {
            let script = script.clone();
            spawn_local(async move { fragment.set(to_fragment(&script).await) });
        });
    }
    let here = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let page = here.split('#').next().unwrap_or_default();
    let link = fragment.as_ref().map_or_else(String::new, |fragment| format!("{page}#{fragment}"));
    let is_long = link.len() > LONG_LINK;
    let onclick = {
        let (copied, link) = (copied.clone(), link.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(window) = web_sys::window() {
                let _ = window.navigator().clipboard().write_text(&link);
                copied.set(true);
            }
        })
    };
    html! {
        <>
            <p>{ words.share_lead() }</p>
            <div class="copy">
                <input class="field" id="share-link" type="text" readonly=true value={link} aria-label={words.share_title()} />
                <button type="button" class="button main" {onclick}>{ if *copied { words.copied() } else { words.copy() } }</button>
            </div>
            if is_long { <p class="quiet">{ words.share_long() }</p> }
            <details><summary>{ words.script() }</summary><pre class="mono script" tabindex="0">{ script }</pre></details>
        </>
    }
}

// Keys that work everywhere.

/// What a key pressed anywhere on the page asks for; `None` leaves it to the browser.
pub fn on_key(event: &KeyboardEvent, store: &Store) -> Option<Change> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || store.dialog.is_some() || event.default_prevented() {
        return None;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let key = event.key();
    if key == "F6" {
        event.prevent_default();
        next_pane(event.shift_key());
        return None;
    }
    let is_typing = target
        .as_ref()
        .is_some_and(|element| element.matches("input, select, textarea, [contenteditable]").unwrap_or(false));
    if is_typing {
        return None;
    }
    let is_button =
        target.as_ref().is_some_and(|element| element.matches("button, a, [role=button], summary").unwrap_or(false));
    let transport = |what: Transport| Some(Change::Transport(what));
    match key.as_str() {
        " " if is_button => None,
        " " => transport(Transport::Toggle),
        "." => transport(Transport::Step),
        "," => transport(Transport::Back),
        "[" => transport(Transport::Slower),
        "]" => transport(Transport::Faster),
        "Home" => transport(Transport::Start),
        "t" | "T" => Some(Change::Table),
        "g" | "G" => {
            focus("#goals");
            None
        }
        "n" | "N" | "p" | "P" | "h" | "H" => {
            let step = store.lessons.open.as_ref()?.step;
            Some(Change::Lesson(match key.to_ascii_lowercase().as_str() {
                "n" => LessonChange::Step(step + 1),
                "p" => LessonChange::Step(step.saturating_sub(1)),
                _ => LessonChange::Hint,
            }))
        }
        "?" => Some(Change::Show(Some(DialogKind::Keyboard))),
        "/" => {
            event.prevent_default();
            focus("#command");
            None
        }
        "f" | "F" => {
            focus("[aria-labelledby=faults] button");
            None
        }
        digit => {
            let at = digit.parse::<usize>().ok()?.checked_sub(1)?;
            let panel = store.panels().nth(at).filter(|_| at <= PANELS.len())?;
            Some(Change::Tab(panel.id.into()))
        }
    }
}

pub fn focus(selector: &str) {
    let document = web_sys::window().and_then(|window| window.document());
    let element = document.and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// F6: the next of lesson, stage, inspector, terminal, events and timeline that is on the screen.
fn next_pane(backwards: bool) {
    const PANES: [(&str, &str); 6] = [
        (".pane-lesson", ".lesson-body"),
        (".pane-stage", ".pane-stage [role=tab][aria-selected=true]"),
        (".pane-inspector", ".pane-inspector button"),
        (".pane-terminal", "#command"),
        (".pane-events", ".pane-events [role=log]"),
        (".timeline", ".timeline .play"),
    ];
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let find = |selector: &str| document.query_selector(selector).ok().flatten();
    let is_shown = |selector: &str| find(selector).is_some_and(|pane| pane.client_width() > 0);
    let here = document.active_element();
    let is_here = |pane: &str| here.as_ref().is_some_and(|here| here.closest(pane).ok().flatten().is_some());
    let from = PANES.iter().position(|(pane, _)| is_here(pane));
    for step in 1..=PANES.len() {
        let at = match (from, backwards) {
            (None, _) => step - 1,
            (Some(from), false) => (from + step) % PANES.len(),
            (Some(from), true) => (from + PANES.len() - step) % PANES.len(),
        };
        if is_shown(PANES[at].0) {
            return focus(PANES[at].1);
        }
    }
}
