//! The first page: a cluster at work, held still, and one button.

use yew::prelude::*;

use crate::catalogue::Words;
use crate::panels::topology::Topology;
use crate::shell::header;
use crate::store::{Change, View};
use crate::widgets::icon::{Icon, icon};
use crate::widgets::timeline::{Transport, clock_text};

pub fn home(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    let playing = store.is_playing();
    let now = store.lab().now().micros() as f64 / 1e6;
    let latest = store.log().0.last().cloned();
    let said = match latest {
        Some(row) if playing => format!("{} {} {}", row.who, row.sign, row.what),
        _ => words.home_paused().to_owned(),
    };
    let door = |href: &'static str, title: &'static str, text: &'static str| {
        html! { <a class="door" {href}><strong>{ title }</strong><span>{ text }</span></a> }
    };
    html! {
        <div class="home">
            { header(view) }
            <main>
                <div class="hero">
                    <div>
                        <h1>{ words.home_title() }</h1>
                        <p class="lead">{ words.home_lead() }</p>
                        <div class="row">{ start(view, words, playing) }<a class="button large" href="#/lab/3-masters">{ words.home_open() }</a></div>
                    </div>
                    <figure class="tank" aria-label={words.topology()}>
                        <div class="tank-stage"><Topology view={view.clone()} bare=true /></div>
                        <figcaption class="tank-foot">
                            <span class="clock"><small>{ "t = " }</small>{ clock_text(now) }</span>
                            <span class="said">{ said }</span>
                            <code class="quiet">{ words.seed() }{ " " }{ store.lab().history().seed() }</code>
                        </figcaption>
                    </figure>
                </div>
                <div class="doors">
                    { door("#/learn", words.lessons(), words.door_lessons()) }
                    { door("#/lab/single", words.single_node(), words.door_single()) }
                    { door("#/lab/3-masters", words.three_masters(), words.door_three()) }
                    { door("embed.html", words.door_embed_title(), words.door_embed()) }
                </div>
            </main>
        </div>
    }
}

fn start(view: &View, words: Words, playing: bool) -> Html {
    let onclick = view.changing(|_: MouseEvent| Change::Transport(Transport::Toggle));
    let (sign, name) = if playing { (Icon::Pause, words.home_stop()) } else { (Icon::Play, words.home_start()) };
    html! { <button type="button" class="button main large play" {onclick}>{ icon(sign) }{ name }</button> }
}
