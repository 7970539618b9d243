//! The page's root: its one session, and what the browser has to be told or asked.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{EventTarget, KeyboardEvent, MediaQueryList, Window};
use yew::prelude::*;

use crate::catalogue::Language;
use crate::home::home;
use crate::laboratory::Laboratory;
use crate::lessons::fetch::fetch;
use crate::lessons::list::{list, waiting};
use crate::session::Session;
use crate::share::from_fragment;
use crate::shell::{dialog, header, laboratory, on_key};
use crate::store::{Change, PRESETS, Route, Store, Theme, View};
use crate::widgets::state::use_value;
use kvarium_engine::world::share;
use kvarium_lessons::LESSONS;

/// Draws again whenever the session's store has changed.
#[hook]
pub fn use_session(session: &Session) -> View {
    let revision = use_value(0);
    {
        let setter = revision.setter();
        use_effect_with(session.clone(), move |session| {
            let watched = session.downgrade();
            session.watch(Callback::from(move |()| {
                if let Some(session) = watched.upgrade() {
                    setter.set(session.read().revision);
                }
            }));
        });
    }
    session.view()
}

#[component]
pub fn App() -> Html {
    let session = use_memo((), |()| {
        let route = route_of(&fragment());
        let lab = match route {
            Route::Lab(preset) => Laboratory::new(preset, None),
            Route::Home => Laboratory::home(),
            Route::Lessons | Route::Lesson(_) | Route::Shared | Route::Embedded => Laboratory::new(PRESETS[0].0, None),
        };
        Session::new(Store::new(route, preferred_language(), lab))
    });
    let view = use_session(&session);
    {
        let view = view.clone();
        use_effect_with((), move |()| watch_browser(&view));
    }
    let (language, theme) = {
        let store = view.read();
        (store.language, store.theme)
    };
    use_effect_with((language, theme), move |(language, theme)| remember(*language, *theme));
    let route = view.read().route;
    {
        let view = view.clone();
        let failed = view.read().lessons.failed;
        use_effect_with((route, failed), move |&(route, failed)| {
            if !failed {
                fetch(view, route);
            }
        });
    }
    use_effect_with(lesson_mark(&view), {
        let view = view.clone();
        move |_| keep_progress(&view)
    });
    let page = match route {
        Route::Home => home(&view),
        Route::Lessons => list(&view),
        Route::Lesson(_) if view.read().lessons.open.is_none() => {
            html! { <div class="home learn">{ header(&view) }<main>{ waiting(&view) }</main></div> }
        }
        _ => laboratory(&view),
    };
    html! {
        <div class="kv" id="kvarium">
            { page }
            { dialog(&view) }
            <div class="hidden-text" role="status" aria-live="polite" id="narrator">{ view.read().narrator.said.clone() }</div>
        </div>
    }
}

fn window() -> Window {
    web_sys::window().expect("the page has a window")
}

fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// `#/lab/single`, `#/learn/L01`, `#v1.…`.
fn route_of(fragment: &str) -> Route {
    if share::is_shared(fragment) {
        return Route::Shared;
    }
    if let Some(lesson) = fragment.strip_prefix("#/learn") {
        let id = LESSONS.iter().find(|id| **id == lesson.trim_start_matches('/'));
        return id.map_or(Route::Lessons, |id| Route::Lesson(id));
    }
    let preset = fragment.strip_prefix("#/lab").map(|rest| rest.trim_start_matches('/'));
    match preset {
        None => Route::Home,
        Some(preset) => {
            PRESETS.iter().find(|(id, _)| *id == preset).map_or(Route::Lab(PRESETS[0].0), |(id, _)| Route::Lab(id))
        }
    }
}

/// What a link's `?lang=` says, what was chosen before, or what the browser is set to.
fn preferred_language() -> Language {
    let query = window().location().search().unwrap_or_default();
    let asked = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("lang=")).map(str::to_owned);
    let browser = window().navigator().language();
    asked.or_else(|| recalled("language")).or(browser).and_then(|tag| Language::from_tag(&tag)).unwrap_or(Language::En)
}

/// Storage may be forbidden: then nothing is remembered, and nothing else changes.
pub fn recalled(name: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(&format!("kvarium.{name}")).ok().flatten()
}

/// Which lesson is open, and what changes when there is something more of it to be kept.
fn lesson_mark(view: &View) -> Option<(String, (usize, usize, usize, usize))> {
    let store = view.read();
    let open = store.lessons.open.as_ref()?;
    Some((open.lesson.id.clone(), open.mark(store.lab().history())))
}

fn keep_progress(view: &View) {
    let store = view.read();
    let (Some(open), Ok(Some(storage))) = (&store.lessons.open, window().local_storage()) else { return };
    let text = open.progress(store.lab().history()).text();
    let _ = storage.set_item(&format!("kvarium.lesson.{}", open.lesson.id), &text);
}

fn remember(language: Language, theme: Theme) {
    let theme = match theme {
        Theme::Auto => "",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    if let Some(root) = window().document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute("lang", language.tag());
        let _ = if theme.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", theme)
        };
    }
    if let Some(document) = window().document() {
        document.set_title(crate::catalogue::Words(language).title());
    }
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item("kvarium.language", language.tag());
        let _ = storage.set_item("kvarium.theme", theme);
    }
}

/// Listens to what happens outside of any component, for as long as the page lives.
fn watch_browser(view: &View) {
    match recalled("theme").as_deref() {
        Some("light") => view.ask(Change::Theme(Theme::Light)),
        Some("dark") => view.ask(Change::Theme(Theme::Dark)),
        _ => {}
    }
    follow_media(view, "(prefers-color-scheme: dark)", Change::SystemIsDark);
    follow_media(view, "(prefers-reduced-motion: reduce)", Change::ReducedMotion);
    let go = {
        let view = view.clone();
        move || match route_of(&fragment()) {
            Route::Shared => open(&view, fragment()),
            route => view.ask(Change::Go(route)),
        }
    };
    if route_of(&fragment()) == Route::Shared {
        go();
    }
    listen(window().as_ref(), "hashchange", move |_| go());
    let view = view.clone();
    listen(window().as_ref(), "keydown", move |event| {
        let event: KeyboardEvent = event.unchecked_into();
        let change = on_key(&event, &view.read());
        if let Some(change) = change {
            event.prevent_default();
            view.ask(change);
        }
    });
}

/// Opens what a link holds.
fn open(view: &View, asked: String) {
    let view = view.clone();
    spawn_local(async move {
        let script = from_fragment(&asked).await;
        // Somebody may have gone elsewhere in the meantime.
        if fragment() == asked {
            view.ask(Change::Open(script));
        }
    });
}

fn follow_media(view: &View, query: &str, change: fn(bool) -> Change) {
    let Ok(Some(media)) = window().match_media(query) else { return };
    view.ask(change(media.matches()));
    let view = view.clone();
    let asked = media.clone();
    listen(media.as_ref(), "change", move |_| view.ask(change(MediaQueryList::matches(&asked))));
}

fn listen(target: &EventTarget, event: &str, call: impl Fn(web_sys::Event) + 'static) {
    let call = Closure::<dyn Fn(web_sys::Event)>::new(call);
    let _ = target.add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
    // The page's root is never taken down.
    call.forget();
}
